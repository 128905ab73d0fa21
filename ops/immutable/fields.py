"""Fields that an object keeps for its life, and for which Pulumi's provider does not make it anew, or loses its data.

Followed: the update validation of Kubernetes 1.37 (pkg/apis/*/validation) and `x-kubernetes-validations` of the custom
kinds; of the provider the table of fields for which it replaces an object (pulumi-kubernetes v4.32.0,
provider/pkg/provider/diff.go): selectors of Deployments and DaemonSets, a Job's template, completions and parallelism,
a Service's clusterIP, a binding's roleRef, a StorageClass' parameters and provisioner, a Secret's type, data of
immutable ConfigMaps and Secrets. StatefulSets are made anew around their pods (`ops.engine.growing`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ops.live.comparing import ABSENT, differences
from ops.live.lookup import Body, key_of, title_of

_AGAIN = "delete it and run this again, which makes it anew: `{delete}`"
_OTHER_NAME = "declare a second one under another name, move to it, and then let go of this one"


class Kept(NamedTuple):
    """Fields of a kind that never change, why not, and the way that works instead (`{delete}` is the command)."""

    paths: Sequence[str]
    why: str
    way: str


_FIELDS: Mapping[str, Kept] = {
    "core/PersistentVolumeClaim": Kept(
        (
            *("spec.accessModes", "spec.storageClassName", "spec.volumeMode", "spec.volumeName", "spec.selector"),
            *("spec.dataSource", "spec.dataSourceRef"),
        ),
        "a claim keeps its volume as it is; made anew, it would lose what is in it",
        _OTHER_NAME,
    ),
    "core/Service": Kept(
        ("spec.loadBalancerClass", "spec.ipFamilies"),
        "a Service keeps its class of load balancer and its first family of addresses",
        _AGAIN,
    ),
    "apps/StatefulSet": Kept(("spec.selector",), "pods of other labels would not be its own any more", _OTHER_NAME),
    "apps/ReplicaSet": Kept(("spec.selector",), "pods of other labels would not be its own any more", _AGAIN),
    "batch/Job": Kept(
        (
            *("spec.completionMode", "spec.podFailurePolicy", "spec.backoffLimitPerIndex", "spec.managedBy"),
            "spec.successPolicy",
        ),
        "a Job that has begun goes by the rules that it began with",
        _AGAIN,
    ),
    "scheduling.k8s.io/PriorityClass": Kept(
        ("value", "preemptionPolicy"), "pods have the number of a class from when they were made", _AGAIN
    ),
    "storage.k8s.io/StorageClass": Kept(
        ("reclaimPolicy", "volumeBindingMode"),
        "a class is what volumes were made by",
        f"{_AGAIN} (volumes that there are stay as they are)",
    ),
    "storage.k8s.io/CSIDriver": Kept(
        ("spec.attachRequired", "spec.volumeLifecycleModes"), "volumes are attached by it already", _AGAIN
    ),
    "networking.k8s.io/IngressClass": Kept(("spec.controller",), "a class stays with its controller", _AGAIN),
    "gateway.networking.k8s.io/GatewayClass": Kept(
        ("spec.controllerName",), "a class stays with its controller", _AGAIN
    ),
    "node.k8s.io/RuntimeClass": Kept(("handler",), "a class stays with its handler", _AGAIN),
    "discovery.k8s.io/EndpointSlice": Kept(("addressType",), "a slice has addresses of one type", _AGAIN),
    "apiextensions.k8s.io/CustomResourceDefinition": Kept(
        ("spec.scope", "spec.group"),
        "its objects would be lost with it",
        "export its objects, delete them and it, and bring them back by hand",
    ),
    "postgresql.cnpg.io/Database": Kept(
        ("spec.name", "spec.cluster"), "a database stays in its cluster under its name", _OTHER_NAME
    ),
    "redis.redis.opstreelabs.in/RedisCluster": Kept(
        ("spec.persistenceEnabled", "spec.storage.nodeConfVolume"),
        "its StatefulSets have the volumes that they were made with, and the operator leaves them so",
        "save the data, delete it (`{delete}`), and run this again",
    ),
    "redis.redis.opstreelabs.in/Redis": Kept(
        ("spec.persistenceEnabled",),
        "its StatefulSet has the volumes that it was made with, and the operator leaves it so",
        "save the data, delete it (`{delete}`), and run this again",
    ),
}
# Of these the whole content is kept, once they say so.
_SEALED = ("core/ConfigMap", "core/Secret")


def kind_of(body: Body) -> str:
    """`apps/StatefulSet`, `core/Service`."""
    group = str(body["apiVersion"]).rpartition("/")[0]
    return f"{group or 'core'}/{body['kind']}"


def refusals(wanted: Body, present: Body) -> Iterator[str]:
    """The fields that would have to change, with their values and the way that works instead."""
    kind = kind_of(wanted)
    if kind in _SEALED and present.get("immutable") is True and wanted.get("immutable") is not True:
        yield (
            f"{title_of(key_of(wanted))}: immutable goes from True to {wanted.get('immutable')}, and what is "
            f"immutable stays so; {_AGAIN.format(delete=delete_command(wanted))}"
        )
    if (kept := _FIELDS.get(kind)) is not None:
        for path in kept.paths:
            yield from _changed(wanted, present, path, kept)


def _changed(wanted: Body, present: Body, path: str, kept: Kept) -> Iterator[str]:
    after, before = _at(wanted, path), _at(present, path)
    # What is not declared is the server's to fill in; a volume that nobody declares any more is not.
    if after is ABSENT and not (before is not ABSENT and path.endswith(".nodeConfVolume")):
        return
    if any(True for _ in differences(after, before)) or (after is ABSENT) != (before is ABSENT):
        yield (
            f"{title_of(key_of(wanted))}: {path} goes from {shown(before)} to {shown(after)}, and {kept.why}; "
            f"{kept.way.format(delete=delete_command(wanted))}"
        )


def delete_command(body: Body) -> str:
    """What deletes an object."""
    group = str(body["apiVersion"]).rpartition("/")[0]
    metadata = body["metadata"]
    namespace = f" -n {metadata['namespace']}" if metadata.get("namespace") else ""
    return f"kubectl delete {str(body['kind']).lower()}{f'.{group}' if group else ''}{namespace} {metadata['name']}"


def shown(value: Any) -> str:
    """A value as messages have it."""
    return "nothing" if value is ABSENT else str(value)


def _at(body: Body, path: str) -> Any:
    value: Any = body
    for part in path.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return ABSENT
        value = value[part]
    return value
