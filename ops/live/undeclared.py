"""Fields that somebody has added by hand and nobody declares, such as a rule in a policy or a variable.

An apply leaves them alone: they belong to whoever wrote them, which the API server notes in `metadata.managedFields`
(https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management). Controllers write into objects
too, and are to; what neither the program nor a controller wrote is found here, for the kinds where a field that is
added decides what is allowed or what runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ops.kubectl import Kubectl
from ops.live.comparing import ABSENT, Path, dotted
from ops.live.lookup import Body, resource_of

# Policies, rights and workloads.
KINDS = frozenset(
    {
        "NetworkPolicy",
        "Role",
        "ClusterRole",
        "RoleBinding",
        "ClusterRoleBinding",
        "ServiceAccount",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ResourceQuota",
        "LimitRange",
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "CronJob",
        "PodDisruptionBudget",
        "HorizontalPodAutoscaler",
        "Service",
        "Ingress",
        "ConfigMap",
    }
)
# The engine's name as a manager, and those of controllers that write into objects of others: Kubernetes' own, and of
# the operators that the platform installs.
_OURS = "pulumi-kubernetes"
_CONTROLLERS = (
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "cloud-controller-manager",
    "aws-",
    "eks",
    "clusterrole-aggregation-controller",
    "flagger",
    "keda",
    "vpa-",
    "argocd-",
    "cert-manager",
    "external-secrets",
    "Reloader",
    "istio",
    "pilot",
    "nginx-ingress",
    "kwok",
)


@dataclass(frozen=True)
class Added:
    """A field that was added, by which manager, and when (RFC 3339)."""

    path: Path
    value: Any
    manager: str
    time: str

    def __str__(self) -> str:
        return f"{dotted(self.path)}: added by {self.manager}"


def added_fields(declared: Body, live: Body, ignored: Sequence[str] = ()) -> list[Added]:
    """The fields of `live` that neither `declared` has nor a controller wrote; needs `metadata.managedFields`."""
    if live["kind"] not in KINDS:
        return []
    found: dict[Path, Added] = {}
    for entry in live["metadata"].get("managedFields") or []:
        if _is_anothers(entry):
            for path, value in _undeclared(entry.get("fieldsV1") or {}, declared, live, ()):
                if not _below(dotted(path), ignored):
                    found[path] = Added(path, value, str(entry["manager"]), str(entry.get("time", "")))
    return [found[path] for path in sorted(found, key=_order, reverse=True)]


def writer_of(live: Body, path: Path) -> str:
    """Who wrote a field last, with the time, as the API server has noted it; "" if it says nothing."""
    owners = [
        (str(entry.get("time", "")), str(entry["manager"]))
        for entry in live["metadata"].get("managedFields") or []
        if _owns(entry.get("fieldsV1") or {}, live, path)
    ]
    time, manager = max(owners, default=("", ""))
    return f"{manager} at {time}" if manager else ""


def take_back(kubectl: Kubectl, live: Body, fields: Sequence[Added]) -> None:
    """Remove fields from an object, on condition that it has not changed since it was read."""
    metadata = live["metadata"]
    patch: list[dict[str, Any]] = [
        {"op": "test", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]}
    ]
    patch += [{"op": "remove", "path": _pointer(one.path)} for one in fields]
    where = (f"--namespace={metadata['namespace']}",) if metadata.get("namespace") else ()
    arguments = ("patch", resource_of(live), metadata["name"], *where, "--type=json", "--patch-file=/dev/stdin")
    kubectl.run(*arguments, stdin=json.dumps(patch))


def _is_anothers(entry: Mapping[str, Any]) -> bool:
    manager = str(entry.get("manager", ""))
    return not entry.get("subresource") and not manager.startswith((_OURS, *_CONTROLLERS))


def _undeclared(fields: Mapping[str, Any], declared: Any, live: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """The outermost list items, and else the innermost fields, that are in `live` alone."""
    for name, below in fields.items():
        # Labels and annotations allow nothing and run nothing; a restart notes its time among those of the pods.
        if name in (".", "f:metadata") or (not path and name in ("f:status", "f:apiVersion", "f:kind")):
            continue
        index, value = _step(live, name)
        if value is ABSENT:
            continue
        _, wanted = _step(declared, name)
        here = (*path, index)
        if wanted is ABSENT and (not name.startswith("f:") or not below or set(below) == {"."}):
            yield here, value
        else:
            yield from _undeclared(below, wanted, value, here)


def _owns(fields: Mapping[str, Any], live: Any, path: Path) -> bool:
    if not path:
        return True
    if not fields or set(fields) == {"."}:
        # An atomic value is owned as a whole.
        return True
    for name, below in fields.items():
        if name != ".":
            index, value = _step(live, name)
            if value is not ABSENT and index == path[0]:
                return _owns(below, value, path[1:])
    return False


def _step(value: Any, name: str) -> tuple[str | int, Any]:
    """The key or index, and the value, that one element of a `fieldsV1` path means in `value`."""
    kind, _, rest = name.partition(":")
    if kind == "f":
        return rest, value.get(rest, ABSENT) if isinstance(value, Mapping) else ABSENT
    if not isinstance(value, list):
        return 0, ABSENT
    if kind == "i":
        return int(rest), value[int(rest)] if int(rest) < len(value) else ABSENT
    wanted = json.loads(rest)
    for index, item in enumerate(value):
        if item == wanted or (kind == "k" and _has(item, wanted)):
            return index, item
    return len(value), ABSENT


def _has(item: Any, keys: Mapping[str, Any]) -> bool:
    """Whether a list's item is the one with these keys; a protocol that is not said is TCP."""
    return isinstance(item, Mapping) and all(
        item.get(key, "TCP" if key == "protocol" else None) == value for key, value in keys.items()
    )


def _below(path: str, ignored: Sequence[str]) -> bool:
    return any(path == one or path.startswith((f"{one}.", f"{one}[")) for one in ignored)


def _order(path: Path) -> tuple[tuple[str, int], ...]:
    """Later items of a list first, once reversed: removing one moves those behind it."""
    return tuple(("", part) if isinstance(part, int) else (part, 0) for part in path)


def _pointer(path: Path) -> str:
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)
