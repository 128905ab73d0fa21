"""What no single key of a service can see: keys that exclude each other, and figures that contradict each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from stacks.schema.service.files import volume_problems
from stacks.schema.service.ports import port_problems
from stacks.schema.service.scaling import request_problems
from stacks.schema.types import Problem

# A pod of a StatefulSet bears its name with a hash of ten characters in a label of 63.
STATEFUL_NAME_MAX = 52


def workload_problems(data: Mapping[str, Any]) -> Iterable[Problem]:
    """What is wrong with the raw keys of a service, beyond their own forms."""
    yield from port_problems(data)
    yield from request_problems(data)
    yield from volume_problems(data)
    yield from _autoscaling(data)
    yield from _stateful(data) if data.get("kind") == "stateful" else _stateless(data)
    for name in _names(data.get("environment")):
        if name in _items(data.get("secrets")):
            yield Problem(("environment", name), f"{name} is one of the service's 'secrets' too: choose one of the two")


def _stateful(data: Mapping[str, Any]) -> Iterable[Problem]:
    name = data.get("name")
    if isinstance(name, str) and len(name) > STATEFUL_NAME_MAX:
        message = f"{name!r} has {len(name)} characters: at most {STATEFUL_NAME_MAX}, since its pods bear it with more"
        yield Problem(("name",), message, name)
    yield from _not_released(data, "pods with names and data of their own cannot run in two versions at a time")
    if _shared(data.get("storage")):
        yield Problem(("storage", "shared"), "each pod of a stateful service has a volume of its own; remove it")
    for key in sorted({"max_surge", "max_unavailable"} & _names(data.get("rollout"))):
        yield Problem(
            ("rollout", key), "a stateful service exchanges its pods one by one, the last one first; remove it"
        )


def _stateless(data: Mapping[str, Any]) -> Iterable[Problem]:
    if "pod_management" in data:
        yield Problem(("pod_management",), "is for services of 'kind: stateful'; remove it")
    storage = data.get("storage")
    if storage is None or _shared(storage):
        return
    replicas, otherwise = data.get("replicas"), "with several use 'kind: stateful', where each has a volume of its own"
    if isinstance(replicas, int) and replicas > 1:
        yield Problem(
            ("replicas",),
            f"1 pod can mount the volume of 'storage', and not {replicas}, unless it is 'shared'; {otherwise}",
        )
    if data.get("autoscaling") is not None:
        yield Problem(("autoscaling",), f"1 pod can mount the volume of 'storage', unless it is 'shared'; {otherwise}")
    yield from _not_released(data, "its volume cannot be mounted by two versions at a time")
    for key in sorted({"max_surge", "max_unavailable"} & _names(data.get("rollout"))):
        yield Problem(("rollout", key), "the one pod of 'storage' is gone before the next one starts; remove it")


def _shared(storage: Any) -> bool:
    return isinstance(storage, Mapping) and storage.get("shared") is True


def _not_released(data: Mapping[str, Any], why: str) -> Iterable[Problem]:
    release = data.get("release")
    strategy = release.get("strategy") if isinstance(release, Mapping) else None
    if strategy is not None and strategy != "rolling":
        yield Problem(("release", "strategy"), f"{why}: use 'rolling', or leave it out", strategy)


def _autoscaling(data: Mapping[str, Any]) -> Iterable[Problem]:
    autoscaling = data.get("autoscaling")
    if not isinstance(autoscaling, Mapping):
        return
    if data.get("autoscaled") is False:
        yield Problem(("autoscaled",), "is false, and 'autoscaling' says how: remove one of the two")
    least, most = autoscaling.get("minimum") or data.get("replicas"), autoscaling.get("maximum")
    if isinstance(least, int) and isinstance(most, int) and most <= least:
        message = (
            f"a maximum of {most} leaves no room above the minimum of {least}: raise it, or set 'autoscaled: false'"
        )
        yield Problem(("autoscaling", "maximum"), message)


def reference_problems(
    data: Mapping[str, Any], index: int, services: Sequence[str], secrets: Sequence[str]
) -> Iterable[Problem]:
    """Secrets and services that a raw entry `index` of `services` names in depth, and that there are none of."""
    for number, one in enumerate(_items(data.get("secret_files"))):
        files = one.get("files") if isinstance(one, Mapping) else None
        for file, key in files.items() if isinstance(files, Mapping) else ():
            if key not in secrets:
                message = f"there is no secret {key!r}; secrets are: {', '.join(secrets)}"
                yield Problem(("services", index, "secret_files", number, "files", str(file)), message, key)
    autoscaling = data.get("autoscaling")
    metrics = autoscaling.get("objects") if isinstance(autoscaling, Mapping) else ()
    for number, one in enumerate(_items(metrics)):
        service = one.get("service") if isinstance(one, Mapping) else None
        if service is not None and service not in services:
            message = f"there is no service {service!r}; services are: {', '.join(services)}"
            yield Problem(("services", index, "autoscaling", "objects", number, "service"), message, service)


def _names(value: Any) -> set[str]:
    return {str(key) for key in value} if isinstance(value, Mapping) else set()


def _items(value: Any) -> Sequence[Any]:
    return value if isinstance(value, (list, tuple)) else ()
