"""The admission policies on a real API server: what they refuse, what they admit, and that they agree with the pack."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from graph.manifests import manifests
from graph.model import revealed
from graph.record import record
from policy.model import ResourceRule
from policy.rules import RULES
from sandbox import Sandbox
from tests.policy.objects import LABELS, TOKENS, Props, having, judge, template_path, without, workload

_ADMITTED = [rule for rule in RULES if isinstance(rule, ResourceRule) and rule.admission]
_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod")
_WEB, _INIT = "spec.containers.0", "spec.initContainers.0"
Kubectl = Callable[..., subprocess.CompletedProcess[str]]
Mutation = Callable[[Props, str], Props]


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
    probes = [_privileged(_object(kind), template_path(kind)) for kind in ("Deployment", "CronJob", "Pod")]
    probes.append(_role([{"apiGroups": [""], "resources": ["*"], "verbs": ["get"]}]))
    deadline = time.monotonic() + 30
    while not all(_refusal(kubectl, probe) for probe in probes):
        assert time.monotonic() < deadline, "the policies are not heeded"
        time.sleep(0.5)


def _refusal(kubectl: Kubectl, body: Props) -> str:
    """What the policies say against an object, without creating it; "" if it is admitted."""
    done = kubectl("create", "--dry-run=server", "-f", "-", body=body)
    assert done.returncode == 0 or "denied request" in done.stderr, done.stderr
    return done.stderr.partition("denied request: ")[2]


def _object(kind: str, namespace: str = "shop") -> Props:
    """A workload that no rule objects to, with what only the API server asks for."""
    made = copy.deepcopy(workload(kind, namespace=namespace))
    if kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"):
        made["spec"]["selector"] = {"matchLabels": dict(LABELS)}
    if kind in ("Job", "CronJob"):
        made = having(made, f"{template_path(kind)}spec.restartPolicy", "Never")
    # Priority classes are the cluster's; here there are none.
    made = without(made, f"{template_path(kind)}spec.priorityClassName")
    return having(made, f"{template_path(kind)}spec.containers.0.ports", [{"name": "http", "containerPort": 8000}])


def _role(rules: list[Props]) -> Props:
    metadata = {"name": "api", "namespace": "shop"}
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata, "rules": rules}


def _set(path: str, value: Any) -> Mutation:
    return lambda props, template: having(props, f"{template}{path}", value)


def _unset(path: str) -> Mutation:
    return lambda props, template: without(props, f"{template}{path}")


def _privileged(props: Props, template: str) -> Props:
    context = {"privileged": True, "runAsNonRoot": True, "capabilities": {"drop": ["ALL"]}}
    return having(props, f"{template}{_WEB}.securityContext", context)


def _without_bound(container: str, resource: str) -> Mutation:
    def change(props: Props, template: str) -> Props:
        bounds = copy.deepcopy(workload()["spec"]["template"]["spec"]["containers"][0]["resources"])
        for bound in bounds.values():
            bound.pop(resource)
        return having(props, f"{template}{container}.resources", bounds)

    return change


_MUTATIONS: Mapping[str, Mutation] = {
    "as it is": lambda props, template: props,
    "privileged": _privileged,
    "escalation by default": _unset(f"{_WEB}.securityContext.allowPrivilegeEscalation"),
    "escalation of an init container": _set(f"{_INIT}.securityContext.allowPrivilegeEscalation", True),
    "capabilities kept": _unset(f"{_WEB}.securityContext.capabilities"),
    "some capabilities dropped": _set(f"{_WEB}.securityContext.capabilities", {"drop": ["NET_RAW"]}),
    "capability added": _set(f"{_WEB}.securityContext.capabilities", {"drop": ["ALL"], "add": ["SYS_TIME"]}),
    "harmless capability": _set(f"{_WEB}.securityContext.capabilities", {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}),
    "no security context": _unset(f"{_WEB}.securityContext"),
    "root by omission in the container": _unset(f"{_WEB}.securityContext.runAsNonRoot"),
    "root by the container": _set(f"{_WEB}.securityContext.runAsNonRoot", False),
    "root by the container's user": _set(f"{_WEB}.securityContext.runAsUser", 0),
    "root by the pod's user": _set("spec.securityContext.runAsUser", 0),
    "no context of the pod": _set("spec.securityContext", {}),
    "host network": _set("spec.hostNetwork", True),
    "host processes": _set("spec.hostPID", True),
    "host memory": _set("spec.hostIPC", True),
    "host namespaces refused by name": _set("spec.hostNetwork", False),
    "host path": _set("spec.volumes", [{"name": "v", "hostPath": {"path": "/etc"}}]),
    "no volumes": _set("spec.volumes", []),
    "latest": _set(f"{_WEB}.image", "ghcr.io/saas-platform/web:latest"),
    "no tag": _set(f"{_WEB}.image", "ghcr.io/saas-platform/web"),
    "no tag behind a port": _set(f"{_INIT}.image", "registry.example:5000/web"),
    "a digest": _set(f"{_WEB}.image", f"ghcr.io/saas-platform/web@sha256:{'a' * 64}"),
    "a tag behind a port": _set(f"{_WEB}.image", "registry.example:5000/web:1.0"),
    "a tag that only begins with a moving one": _set(f"{_WEB}.image", "ghcr.io/saas-platform/web:main-1.2"),
    "no limit of CPU": _without_bound(_WEB, "cpu"),
    "no limit of an init container": _without_bound(_INIT, "memory"),
    "no limit of storage": _without_bound(_WEB, "ephemeral-storage"),
    "no resources": _unset(f"{_WEB}.resources"),
    "limits without requests": _unset(f"{_WEB}.resources.limits.cpu"),
    "requests of nothing": _set(f"{_WEB}.resources.requests.cpu", "0"),
    "token by omission": _unset("spec.automountServiceAccountToken"),
    "token on purpose": _set("spec.automountServiceAccountToken", True),
    "default account": _set("spec.serviceAccountName", "default"),
    "no account": _unset("spec.serviceAccountName"),
}
_ROLES: Mapping[str, list[Props]] = {
    "named": [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]}],
    "verbs": [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["*"]}],
    "resources": [{"apiGroups": ["apps"], "resources": ["*"], "verbs": ["get"]}],
    "groups": [{"apiGroups": ["*"], "resources": ["deployments"], "verbs": ["get"]}],
    "none": [],
}


def _agree(kubectl: Kubectl, body: Props) -> None:
    """That the API server refuses an object if and only if the pack objects to it, and for such a reason."""
    violated = {rule.about.name for rule in _ADMITTED if TOKENS.get(body["kind"]) and judge(rule, body)}
    refusal = _refusal(kubectl, body)
    assert bool(refusal) == bool(violated), (refusal, violated)
    assert not refusal or refusal.partition(":")[0] in violated


@pytest.mark.parametrize("kind", ["Deployment", "CronJob", "Pod"])
@pytest.mark.parametrize("mutation", _MUTATIONS)
def test_the_api_server_and_the_pack_judge_alike(kubectl: Kubectl, mutation: str, kind: str) -> None:
    _agree(kubectl, _MUTATIONS[mutation](_object(kind), template_path(kind)))


@pytest.mark.parametrize("rules", _ROLES)
def test_the_api_server_and_the_pack_judge_roles_alike(kubectl: Kubectl, rules: str) -> None:
    _agree(kubectl, _role(_ROLES[rules]))


def test_every_rule_with_an_admission_part_is_broken_by_some_mutation() -> None:
    objects = [change(_object("Deployment"), "spec.template.") for change in _MUTATIONS.values()]
    objects += [_role(rules) for rules in _ROLES.values()]
    objects += [_service("NodePort")]
    assert [rule.about.name for rule in _ADMITTED if not any(judge(rule, one) for one in objects)] == []


def _service(kind: str) -> Props:
    spec = {"type": kind, "selector": dict(LABELS), "ports": [{"port": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "api", "namespace": "shop"}, "spec": spec}


@pytest.mark.parametrize("kind", ["ClusterIP", "NodePort", "LoadBalancer"])
def test_the_api_server_and_the_pack_judge_services_alike(kubectl: Kubectl, kind: str) -> None:
    _agree(kubectl, _service(kind))
    _agree(kubectl, having(_service(kind), "spec.externalIPs", ["192.0.2.1"]))
    for reason in ("", "the game protocol is UDP"):
        _agree(kubectl, having(_service(kind), "metadata.annotations", {"platform.io/exposure-reason": reason}))


@pytest.mark.parametrize("kind", _KINDS)
def test_every_kind_of_workload_is_judged(kubectl: Kubectl, kind: str) -> None:
    assert _refusal(kubectl, _object(kind)) == ""
    assert _refusal(kubectl, _privileged(_object(kind), template_path(kind))).startswith("privileg")


def test_the_expressions_fit_the_schemas_of_what_they_judge(kubectl: Kubectl) -> None:
    found = json.loads(kubectl("get", "validatingadmissionpolicies", "-o", "json").stdout)["items"]
    warnings = {one["metadata"]["name"]: one["status"].get("typeChecking") for one in found}
    assert len(warnings) >= 4
    assert all(warning == {} for warning in warnings.values()), warnings


def test_pods_that_an_operator_owns_are_judged_only_by_what_endangers_the_node(kubectl: Kubectl) -> None:
    owner = {"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "name": "db", "uid": "1", "controller": True}
    owned = having(_object("Pod"), "metadata.ownerReferences", [owner])
    assert _refusal(kubectl, without(owned, f"{_WEB}.resources")) == ""
    assert _refusal(kubectl, _privileged(owned, "")).startswith("privileg")


def test_namespaces_of_others_are_left_alone(kubectl: Kubectl) -> None:
    assert _refusal(kubectl, _privileged(_object("Pod", "elsewhere"), "")) == ""
    kube_system = having(_privileged(_object("Pod"), ""), "metadata.namespace", "kube-system")
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
        body = _privileged(_object("Pod"), "")
        while _refusal(kubectl, body):
            assert time.monotonic() < deadline
            time.sleep(0.5)
        done = kubectl("create", "--dry-run=server", "-f", "-", body=body)
        assert "Warning: " in done.stderr
        assert "privileged: a container is privileged" in done.stderr
    finally:
        _apply(kubectl, _policies("dev", "Deny"))
        _wait_until_refused(kubectl)
