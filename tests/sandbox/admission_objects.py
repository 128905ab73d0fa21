"""Objects that the API server takes, and mutations of them that the admission policies may refuse."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from tests.policy.objects import LABELS, Props, having, template_path, without, workload

WEB, INIT = "spec.containers.0", "spec.initContainers.0"
# Changes an object whose pod template stands at a path.
Mutation = Callable[[Props, str], Props]


def valid(kind: str, namespace: str = "shop") -> Props:
    """A workload that no rule objects to, with what only the API server asks for."""
    made = copy.deepcopy(workload(kind, namespace=namespace))
    if kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"):
        made["spec"]["selector"] = {"matchLabels": dict(LABELS)}
    if kind in ("Job", "CronJob"):
        made = having(made, f"{template_path(kind)}spec.restartPolicy", "Never")
    # Priority classes are the cluster's; here there are none.
    made = without(made, f"{template_path(kind)}spec.priorityClassName")
    return having(made, f"{template_path(kind)}spec.containers.0.ports", [{"name": "http", "containerPort": 8000}])


def role(rules: list[Props]) -> Props:
    metadata = {"name": "api", "namespace": "shop"}
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata, "rules": rules}


def _set(path: str, value: Any) -> Mutation:
    return lambda props, template: having(props, f"{template}{path}", value)


def _unset(path: str) -> Mutation:
    return lambda props, template: without(props, f"{template}{path}")


def privileged(props: Props, template: str) -> Props:
    context = {"privileged": True, "runAsNonRoot": True, "capabilities": {"drop": ["ALL"]}}
    return having(props, f"{template}{WEB}.securityContext", context)


def _without_bound(container: str, resource: str) -> Mutation:
    def change(props: Props, template: str) -> Props:
        bounds = copy.deepcopy(workload()["spec"]["template"]["spec"]["containers"][0]["resources"])
        for bound in bounds.values():
            bound.pop(resource)
        return having(props, f"{template}{container}.resources", bounds)

    return change


MUTATIONS: Mapping[str, Mutation] = {
    "as it is": lambda props, template: props,
    "privileged": privileged,
    "escalation by default": _unset(f"{WEB}.securityContext.allowPrivilegeEscalation"),
    "escalation of an init container": _set(f"{INIT}.securityContext.allowPrivilegeEscalation", True),
    "capabilities kept": _unset(f"{WEB}.securityContext.capabilities"),
    "some capabilities dropped": _set(f"{WEB}.securityContext.capabilities", {"drop": ["NET_RAW"]}),
    "capability added": _set(f"{WEB}.securityContext.capabilities", {"drop": ["ALL"], "add": ["SYS_TIME"]}),
    "harmless capability": _set(f"{WEB}.securityContext.capabilities", {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}),
    "no security context": _unset(f"{WEB}.securityContext"),
    "root by omission in the container": _unset(f"{WEB}.securityContext.runAsNonRoot"),
    "root by the container": _set(f"{WEB}.securityContext.runAsNonRoot", False),
    "root by the container's user": _set(f"{WEB}.securityContext.runAsUser", 0),
    "root by the pod's user": _set("spec.securityContext.runAsUser", 0),
    "no context of the pod": _set("spec.securityContext", {}),
    "host network": _set("spec.hostNetwork", True),
    "host processes": _set("spec.hostPID", True),
    "host memory": _set("spec.hostIPC", True),
    "host namespaces refused by name": _set("spec.hostNetwork", False),
    "host path": _set("spec.volumes", [{"name": "v", "hostPath": {"path": "/etc"}}]),
    "no volumes": _set("spec.volumes", []),
    "latest": _set(f"{WEB}.image", "ghcr.io/saas-platform/web:latest"),
    "no tag": _set(f"{WEB}.image", "ghcr.io/saas-platform/web"),
    "no tag behind a port": _set(f"{INIT}.image", "registry.example:5000/web"),
    "a digest": _set(f"{WEB}.image", f"ghcr.io/saas-platform/web@sha256:{'a' * 64}"),
    "a tag behind a port": _set(f"{WEB}.image", "registry.example:5000/web:1.0"),
    "a tag that only begins with a moving one": _set(f"{WEB}.image", "ghcr.io/saas-platform/web:main-1.2"),
    "no limit of CPU": _without_bound(WEB, "cpu"),
    "no limit of an init container": _without_bound(INIT, "memory"),
    "no limit of storage": _without_bound(WEB, "ephemeral-storage"),
    "no resources": _unset(f"{WEB}.resources"),
    "limits without requests": _unset(f"{WEB}.resources.limits.cpu"),
    "requests of nothing": _set(f"{WEB}.resources.requests.cpu", "0"),
    "token by omission": _unset("spec.automountServiceAccountToken"),
    "token on purpose": _set("spec.automountServiceAccountToken", True),
    "default account": _set("spec.serviceAccountName", "default"),
    "no account": _unset("spec.serviceAccountName"),
}
ROLES: Mapping[str, list[Props]] = {
    "named": [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]}],
    "verbs": [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["*"]}],
    "resources": [{"apiGroups": ["apps"], "resources": ["*"], "verbs": ["get"]}],
    "groups": [{"apiGroups": ["*"], "resources": ["deployments"], "verbs": ["get"]}],
    "none": [],
}


def service(kind: str) -> Props:
    spec = {"type": kind, "selector": dict(LABELS), "ports": [{"port": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "api", "namespace": "shop"}, "spec": spec}
