"""What an environment sets otherwise for the services of a system."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from stacks.releases.config import Release
from stacks.types import Bytes, Cpu, ImageTag, Model, Problem, ReplicaCount
from stacks.workloads.rules import workload_problems
from stacks.workloads.scaling import Autoscaling, Bounds

if TYPE_CHECKING:
    from stacks.services import Service


class Size(Model):
    """What an environment sets otherwise for one service; `storage` is the size of its volume."""

    replicas: ReplicaCount | None = None
    cpu: Cpu | None = None
    memory: Bytes | None = None
    cpu_request: Cpu | None = None
    memory_request: Bytes | None = None
    autoscaling: Bounds | None = None
    storage: Bytes | None = None
    version: ImageTag | None = None
    release: Release | None = None


def sized(services: Iterable[Service], sizes: Mapping[str, Size]) -> list[Service]:
    """The services with what an environment sets otherwise."""
    return [_sized(service, sizes[service.name]) if service.name in sizes else service for service in services]


def _sized(service: Service, size: Size) -> Service:
    update: dict[str, Any] = {key: value for key, value in size if value is not None}
    if size.autoscaling:
        bounds = size.autoscaling.model_dump(exclude_none=True)
        update["autoscaling"] = (service.autoscaling or Autoscaling()).model_copy(update=bounds)
    if size.storage and service.storage:
        update["storage"] = service.storage.model_copy(update={"size": size.storage})
    return service.model_copy(update=update)


def size_problems(data: Mapping[str, Any], services: Mapping[str, Mapping[str, Any]]) -> Iterable[Problem]:
    """What the raw key `sizes` of a system makes of its services that they cannot be; `services` are raw, by name."""
    sizes = data.get("sizes")
    for name, size in sizes.items() if isinstance(sizes, Mapping) else ():
        service = services.get(str(name))
        if service is None or not isinstance(size, Mapping):
            continue
        if size.get("storage") is not None and service.get("storage") is None:
            yield Problem(
                ("sizes", name, "storage"), f"service {name!r} has no storage: it is declared with the service"
            )
        before = {problem.message for problem in workload_problems(service)}
        for problem in workload_problems(_merged(service, size)):
            if problem.message not in before:
                yield problem._replace(path=("sizes", name, *_place(problem.path, size)))


def _place(path: tuple[str | int, ...], size: Mapping[str, Any]) -> tuple[str | int, ...]:
    """Where in the size a problem is: of a request that is the service's own, at the limit that became too low."""
    if path[0] in size:
        return path
    return tuple(key for key in size if str(path[0]).startswith(str(key)))[:1]


def _merged(service: Mapping[str, Any], size: Mapping[str, Any]) -> dict[str, Any]:
    changed = {key: value for key, value in size.items() if value is not None and key != "storage"}
    bounds, own = changed.get("autoscaling"), service.get("autoscaling")
    if isinstance(bounds, Mapping) and isinstance(own, Mapping):
        changed["autoscaling"] = {**own, **bounds}
    return {**service, **changed}
