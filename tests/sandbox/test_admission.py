"""The admission policies on a real API server: what they refuse, what they admit, and that they agree with the pack."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from graph.manifests import manifests
from graph.model import revealed
from graph.record import record
from policy.engine.model import ResourceRule
from policy.rules import RULES
from sandbox import Sandbox
from tests.policy.objects import TOKENS, Props, having, judge, template_path, without
from tests.sandbox.admission_objects import MUTATIONS, ROLES, WEB, privileged, role, service, valid

_ADMITTED = [rule for rule in RULES if isinstance(rule, ResourceRule) and rule.admission]
_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod")
Kubectl = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    """A sandbox of its own with the policies of dev, which refuse, and a namespace `shop` of that environment."""
    if shutil.which("go") is None:
        pytest.skip("Go is not installed, so no control plane can be built")
    sandbox = Sandbox("admission", state=tmp_path_factory.mktemp("sandbox-state"))

    def run(*arguments: str, body: Any = None) -> subprocess.CompletedProcess[str]:
        command = [str(sandbox.kubectl), f"--kubeconfig={sandbox.kubeconfig}", *arguments]
        text = None if body is None else json.dumps(body)
        return subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)

    try:
        sandbox.up(nodes=1, zones=1)
        _apply(run, _policies("dev", "Deny"))
        _apply(
            run, [_namespace("shop", "dev"), _namespace("elsewhere", "other"), *map(_account, ("shop", "elsewhere"))]
        )
        _wait_until_refused(run)
        yield run
    finally:
        sandbox.reset()


def _policies(stack: str, *actions: str) -> list[Props]:
    """The policies of an environment, with these actions instead of its own if there are any."""
    found = [revealed(one.body) for one in manifests(record(stack)) if one.kind.startswith("ValidatingAdmission")]
    bindings = [one for one in found if one["kind"].endswith("Binding")]
    for binding in bindings if actions else ():
        binding["spec"]["validationActions"] = list(actions)
    return found


def _namespace(name: str, environment: str) -> Props:
    labels = {"platform.io/environment": environment}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def _account(namespace: str) -> Props:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "api", "namespace": namespace}}


def _apply(kubectl: Kubectl, objects: list[Props]) -> str:
    done = kubectl("apply", "--server-side", "-f", "-", body={"apiVersion": "v1", "kind": "List", "items": objects})
    assert done.returncode == 0, done.stderr
    return done.stderr


def _wait_until_refused(kubectl: Kubectl) -> None:
    """A new admission policy takes a moment until the API server heeds it: wait for each of them."""
    probes = [privileged(valid(kind), template_path(kind)) for kind in ("Deployment", "CronJob", "Pod")]
    probes.append(role([{"apiGroups": [""], "resources": ["*"], "verbs": ["get"]}]))
    deadline = time.monotonic() + 30
    while not all(_refusal(kubectl, probe) for probe in probes):
        assert time.monotonic() < deadline, "the policies are not heeded"
        time.sleep(0.5)


def _refusal(kubectl: Kubectl, body: Props) -> str:
    """What the policies say against an object, without creating it; "" if it is admitted."""
    done = kubectl("create", "--dry-run=server", "-f", "-", body=body)
    assert done.returncode == 0 or "denied request" in done.stderr, done.stderr
    return done.stderr.partition("denied request: ")[2]


def _agree(kubectl: Kubectl, body: Props) -> None:
    """That the API server refuses an object if and only if the pack objects to it, and for such a reason."""
    violated = {rule.about.name for rule in _ADMITTED if TOKENS.get(body["kind"]) and judge(rule, body)}
    refusal = _refusal(kubectl, body)
    assert bool(refusal) == bool(violated), (refusal, violated)
    assert not refusal or refusal.partition(":")[0] in violated


@pytest.mark.parametrize("kind", ["Deployment", "CronJob", "Pod"])
@pytest.mark.parametrize("mutation", MUTATIONS)
def test_the_api_server_and_the_pack_judge_alike(kubectl: Kubectl, mutation: str, kind: str) -> None:
    _agree(kubectl, MUTATIONS[mutation](valid(kind), template_path(kind)))


@pytest.mark.parametrize("rules", ROLES)
def test_the_api_server_and_the_pack_judge_roles_alike(kubectl: Kubectl, rules: str) -> None:
    _agree(kubectl, role(ROLES[rules]))


def test_every_rule_with_an_admission_part_is_broken_by_some_mutation() -> None:
    objects = [change(valid("Deployment"), "spec.template.") for change in MUTATIONS.values()]
    objects += [role(rules) for rules in ROLES.values()]
    objects += [service("NodePort")]
    assert [rule.about.name for rule in _ADMITTED if not any(judge(rule, one) for one in objects)] == []


@pytest.mark.parametrize("kind", ["ClusterIP", "NodePort", "LoadBalancer"])
def test_the_api_server_and_the_pack_judge_services_alike(kubectl: Kubectl, kind: str) -> None:
    _agree(kubectl, service(kind))
    _agree(kubectl, having(service(kind), "spec.externalIPs", ["192.0.2.1"]))
    for reason in ("", "the game protocol is UDP"):
        _agree(kubectl, having(service(kind), "metadata.annotations", {"platform.io/exposure-reason": reason}))


@pytest.mark.parametrize("kind", _KINDS)
def test_every_kind_of_workload_is_judged(kubectl: Kubectl, kind: str) -> None:
    assert _refusal(kubectl, valid(kind)) == ""
    assert _refusal(kubectl, privileged(valid(kind), template_path(kind))).startswith("privileg")


def test_the_expressions_fit_the_schemas_of_what_they_judge(kubectl: Kubectl) -> None:
    found = json.loads(kubectl("get", "validatingadmissionpolicies", "-o", "json").stdout)["items"]
    warnings = {one["metadata"]["name"]: one["status"].get("typeChecking") for one in found}
    assert len(warnings) >= 4
    assert all(warning == {} for warning in warnings.values()), warnings


def test_pods_that_an_operator_owns_are_judged_only_by_what_endangers_the_node(kubectl: Kubectl) -> None:
    owner = {"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "name": "db", "uid": "1", "controller": True}
    owned = having(valid("Pod"), "metadata.ownerReferences", [owner])
    assert _refusal(kubectl, without(owned, f"{WEB}.resources")) == ""
    assert _refusal(kubectl, privileged(owned, "")).startswith("privileg")


def test_namespaces_of_others_are_left_alone(kubectl: Kubectl) -> None:
    assert _refusal(kubectl, privileged(valid("Pod", "elsewhere"), "")) == ""
    kube_system = having(privileged(valid("Pod"), ""), "metadata.namespace", "kube-system")
    assert _refusal(kubectl, having(kube_system, "spec.serviceAccountName", "default")) == ""


def test_a_whole_environment_is_admitted(kubectl: Kubectl) -> None:
    # Namespaces first: a dry run would not find them.
    bodies = [revealed(one.body) for one in manifests(record("dev")) if not one.kind.startswith("ValidatingAdmission")]
    _apply(kubectl, [one for one in bodies if one["kind"] == "Namespace"])
    assert "Warning" not in _apply(kubectl, bodies)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        pods = json.loads(kubectl("get", "pods", "--namespace=astrbot", "-o", "json").stdout)["items"]
        if len(pods) >= 17:
            break
        time.sleep(0.5)
    assert len(pods) >= 17
    events = json.loads(kubectl("get", "events", "-n", "astrbot", "-o", "json").stdout)["items"]
    assert [one["message"] for one in events if "denied" in one["message"]] == []


def test_dev_warns_and_writes_an_audit_note_where_production_refuses() -> None:
    actions = {
        stack: {tuple(one["spec"]["validationActions"]) for one in _policies(stack) if one["kind"].endswith("Binding")}
        for stack in ("dev", "staging", "prod")
    }
    assert actions == {"dev": {("Warn", "Audit")}, "staging": {("Deny",)}, "prod": {("Deny",)}}


def test_a_warning_names_the_rule_and_admits(kubectl: Kubectl) -> None:
    _apply(kubectl, _policies("dev"))
    try:
        deadline = time.monotonic() + 30
        body = privileged(valid("Pod"), "")
        while _refusal(kubectl, body):
            assert time.monotonic() < deadline
            time.sleep(0.5)
        done = kubectl("create", "--dry-run=server", "-f", "-", body=body)
        assert "Warning: " in done.stderr
        assert "privileged: a container is privileged" in done.stderr
    finally:
        _apply(kubectl, _policies("dev", "Deny"))
        _wait_until_refused(kubectl)
