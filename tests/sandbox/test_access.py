"""The roles on a real API server: who may do what, by group, and what a team's quota refuses."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from graph.manifests import manifests
from graph.model import revealed
from sandbox import Sandbox
from tests.sandbox.cluster import listed, pod_template, thing
from tests.unit.scratch import scratch_in

FILE = """\
config:
  saas-platform:tier: dev
  saas-platform:domain: example.com
  saas-platform:cluster: {kind: sandbox}
  saas-platform:systems: {astrbot: {}}
  saas-platform:access:
    teams:
      - name: shop
        groups: {admin: [shop-admin], developer: [shop-developer], viewer: [shop-viewer]}
        quota: {cpu: 1, memory: 1Gi, pods: 2}
"""
GROUPS = ("platform:administrators", "platform:developers", "platform:viewers")
NOBODY = "platform:nobody"
# (verb, resource, namespace or "" for the cluster): what administrators, developers, viewers and others may.
TABLE: dict[tuple[str, str, str], str] = {
    ("list", "pods", "astrbot"): "adv.",
    ("get", "deployments.apps", "monitoring"): "adv.",
    ("list", "clusters.postgresql.cnpg.io", "astrbot"): "adv.",
    ("get", "pods/log", "astrbot"): "ad..",
    ("patch", "deployments.apps", "astrbot"): "ad..",
    ("patch", "deployments.apps/scale", "astrbot"): "ad..",
    ("delete", "pods", "astrbot"): "ad..",
    ("create", "pods/eviction", "astrbot"): "ad..",
    ("create", "jobs.batch", "astrbot"): "ad..",
    ("update", "configmaps", "astrbot"): "ad..",
    ("get", "secrets", "astrbot"): "a...",
    ("update", "networkpolicies.networking.k8s.io", "astrbot"): "a...",
    ("create", "rolebindings.rbac.authorization.k8s.io", "astrbot"): "a...",
    ("delete", "persistentvolumeclaims", "astrbot"): "a...",
    ("create", "pods", "astrbot"): "....",
    ("create", "pods/exec", "astrbot"): "....",
    ("create", "pods/portforward", "astrbot"): "....",
    ("create", "serviceaccounts/token", "astrbot"): "....",
    ("update", "resourcequotas", "astrbot"): "....",
    ("delete", "clusters.postgresql.cnpg.io", "astrbot"): "....",
    ("escalate", "roles.rbac.authorization.k8s.io", "astrbot"): "....",
    # In a namespace that is nobody's, the cluster-wide roles alone hold.
    ("list", "pods", "default"): "adv.",
    ("get", "pods/log", "default"): "ad..",
    ("patch", "deployments.apps", "default"): "....",
    ("get", "secrets", "default"): "....",
    ("list", "nodes", ""): "adv.",
    ("patch", "nodes", ""): "a...",
    ("delete", "nodes", ""): "....",
    ("create", "namespaces", ""): "a...",
    ("create", "storageclasses.storage.k8s.io", ""): "a...",
    ("impersonate", "users", ""): "....",
    ("create", "clusterrolebindings.rbac.authorization.k8s.io", ""): "....",
}
TEAM = {"shop-admin": "secrets", "shop-developer": "configmaps", "shop-viewer": ""}


class Kubectl:
    """kubectl against the sandbox, as anybody."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._command = [str(sandbox.kubectl), f"--kubeconfig={sandbox.kubeconfig}"]

    def run(self, *arguments: str, body: object = None) -> subprocess.CompletedProcess[str]:
        text = None if body is None else json.dumps(body)
        command = [*self._command, *arguments]
        return subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)

    def may(self, group: str, verb: str, resource: str, namespace: str) -> bool:
        """Whether the API server lets a member of a group do it; names have no part in it."""
        where = [f"--namespace={namespace}"] if namespace else ["--all-namespaces"]
        resource, _, subresource = resource.partition("/")
        below = [f"--subresource={subresource}"] if subresource else []
        who = ("--as=somebody", f"--as-group={group}", "--as-group=system:authenticated")
        done = self.run("auth", "can-i", verb, resource, *below, *where, *who)
        assert done.stdout.strip() in ("yes", "no"), done.stderr
        return done.stdout.strip() == "yes"


@pytest.fixture(scope="module")
def kubectl(control_plane: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    """The control plane with the namespaces and roles of an environment, and nothing else of it."""
    kubectl = Kubectl(control_plane)
    bodies = _bodies(tmp_path_factory.mktemp("environment"))
    namespaces = [one for one in bodies if one["kind"] == "Namespace"]
    for wave in (namespaces, [one for one in bodies if one not in namespaces]):
        done = kubectl.run("apply", "--server-side", "-f", "-", body=listed(tuple(wave)))
        assert done.returncode == 0, done.stderr
    yield kubectl
    kubectl.run("delete", "-f", "-", "--wait=false", body=listed(tuple(bodies)))


def _bodies(folder: Path) -> list[dict[str, object]]:
    kinds = ("Namespace", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "ResourceQuota", "LimitRange")
    with pytest.MonkeyPatch.context() as patch:
        found = manifests(scratch_in(folder, patch).record(FILE))
    # The quotas of the systems' own namespaces stay out: this is about the team's.
    ours = [one for one in found if one.kind in kinds]
    return [revealed(one.body) for one in ours if "Quota" not in one.kind or one.namespace == "team-shop"]


@pytest.mark.parametrize(("asked", "who"), TABLE.items(), ids=lambda one: " ".join(one) if len(one) == 3 else None)
def test_each_group_may_what_its_role_says_and_nothing_else(
    kubectl: Kubectl, asked: tuple[str, str, str], who: str
) -> None:
    """A role that allows too much is noticed by nobody; the API server itself is asked."""
    answers = [kubectl.may(group, *asked) for group in (*GROUPS, NOBODY)]
    letters = "".join(letter if yes else "." for letter, yes in zip("advn", answers, strict=True))
    assert letters == who


def test_a_team_has_its_roles_in_its_own_namespace_alone(kubectl: Kubectl) -> None:
    """Teams share a cluster, and neither secrets nor workloads."""
    for group, writable in TEAM.items():
        assert kubectl.may(group, "list", "pods", "team-shop")
        assert not kubectl.may(group, "list", "pods", "astrbot")
        for resource in ("secrets", "configmaps"):
            allowed = resource == writable or group == "shop-admin"
            assert kubectl.may(group, "update", resource, "team-shop") is allowed, f"{group} {resource}"


def test_an_administrator_of_a_namespace_cannot_make_himself_more(kubectl: Kubectl) -> None:
    """He may bind roles, and the API server lets him bind only what he has himself."""
    binding = thing(
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        "mine",
        roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        subjects=[{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "somebody"}],
    )
    done = kubectl.run(
        "create", "-f", "-", "-nteam-shop", "--as=somebody", "--as-group=shop-admin", "--dry-run=server", body=binding
    )
    assert done.returncode == 1
    assert "is attempting to grant RBAC permissions not currently held" in done.stderr


def test_a_quota_refuses_what_exceeds_it_and_admits_what_does_not(kubectl: Kubectl) -> None:
    """CPU, memory and number, each by the API server's own word."""

    def create(name: str, cpu: str, memory: str) -> subprocess.CompletedProcess[str]:
        amounts = {"cpu": cpu, "memory": memory}
        pod = thing("v1", "Pod", name, spec=pod_template({"app": name})["spec"])
        security = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True}
        pod["spec"]["containers"][0]["resources"] = {"requests": amounts, "limits": amounts}
        pod["spec"]["containers"][0]["securityContext"] = security | {"seccompProfile": {"type": "RuntimeDefault"}}
        return kubectl.run("create", "-f", "-", "-nteam-shop", body=pod)

    _wait_for_account(kubectl)
    assert create("first", "600m", "256Mi").returncode == 0
    for name, cpu, memory, exceeded in (("cpu", "500m", "256Mi", "cpu"), ("memory", "100m", "900Mi", "memory")):
        done = create(name, cpu, memory)
        assert done.returncode == 1
        assert "exceeded quota: quota" in done.stderr
        assert f"limits.{exceeded}" in done.stderr
    assert create("second", "100m", "64Mi").returncode == 0
    assert "pods=1, used: pods=2, limited: pods=2" in create("third", "100m", "64Mi").stderr


def _wait_for_account(kubectl: Kubectl) -> None:
    done = kubectl.run("wait", "--for=create", "serviceaccount/default", "-nteam-shop", "--timeout=30s")
    assert done.returncode == 0, done.stderr
    done = kubectl.run(
        "wait", "--for=jsonpath={.status.hard.pods}=2", "resourcequota/quota", "-nteam-shop", "--timeout=30s"
    )
    assert done.returncode == 0, done.stderr
