"""A system's services as data: what each needs, with whom it speaks, and what an environment sets otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from components.kubernetes.naming import dns_label
from components.stores.every import STORES
from stacks.schema.releases import Release
from stacks.schema.service.files import ConfigFiles, Directory, SecretFiles, Storage
from stacks.schema.service.ports import MetricsEndpoint, ServicePort
from stacks.schema.service.probes import Probes, Rollout
from stacks.schema.service.rules import reference_problems, workload_problems
from stacks.schema.service.scaling import Autoscaling, Bounds, VerticalScaling
from stacks.schema.service.types import VariableName
from stacks.schema.types import (
    Bytes,
    Cpu,
    ImageName,
    ImageTag,
    Model,
    Name,
    Port,
    PortName,
    Problem,
    ReplicaCount,
    ServiceName,
    Text,
    duplicates,
)


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


__all__ = [
    "AccessRule",
    "Capability",
    "Service",
    "Size",
    "instance_name",
    "service_problems",
    "sized",
]

# What stores stand behind, and what the platform gives besides.
_CAPABILITIES = (*(one.capability for one in STORES), "internet", "kubernetes_api", "pushgateway")


def _capability(value: str) -> str:
    if value not in _CAPABILITIES:
        *others, last = map(repr, _CAPABILITIES)
        raise ValueError(f"should be {', '.join(others)} or {last}")
    return value


Capability = Annotated[str, AfterValidator(_capability)]


class AccessRule(Model):
    """What a service account may do in its namespace: `verbs` on `resources` of `api_groups` ("" is the core group).

    `resource_names` are the only objects that it holds for; without, it is all of them.
    """

    api_groups: Annotated[Sequence[str], Field(min_length=1)]
    resources: Annotated[Sequence[Text], Field(min_length=1)]
    verbs: Annotated[Sequence[Text], Field(min_length=1)]
    resource_names: Sequence[Text] = ()

    def as_rule(self) -> dict[str, list[str]]:
        """A rule of a Role, in Python's names."""
        return {key: list(values) for key, values in self if values}


class Service(Model):
    """A service. `cpu` and `memory` are its limits; what it requests follows from the tier, or is said.

    `calls` names the services that it connects to, `uses` the capabilities. `ports` are its containers', by name;
    `http` is the one that is probed, unless the probes say another. `service_ports` are those of its Service that
    differ: a number for the port of the same name, or a number and the port behind it. `metrics` is where it tells
    them, by default on a port of that name or on `http`. `image` (without its tag, which is `version`) defaults to the
    registry's image of the same name. `environment` are plain variables, `secrets` the keys of the system's Secret that
    it sees, `rules` what its service account may do in the namespace. `release` is how a new version takes over, a
    rolling update by default, whose figures are in `rollout`. `kind: stateful` gives each pod a name and, with
    `storage`, a volume of its own; a stateless service with `storage` is one pod. `priority` says who is scheduled
    first when there is not room for all. `stopped` leaves it without pods, while somebody else works on its data.
    `single_replica_reason` says why one pod is enough, without which the policies refuse a service of one pod in
    staging and prod.
    """

    name: ServiceName
    replicas: ReplicaCount
    cpu: Cpu
    memory: Bytes
    kind: Literal["stateless", "stateful"] = "stateless"
    cpu_request: Cpu | None = None
    memory_request: Bytes | None = None
    ports: Annotated[Mapping[PortName, Port], Field(min_length=1)] = {"http": 8000}
    service_ports: Mapping[PortName, Port | ServicePort] = {}
    metrics: Sequence[MetricsEndpoint] | None = None
    probes: Probes = Probes()
    image: ImageName | None = None
    version: ImageTag | None = None
    calls: Sequence[Name] = ()
    uses: Sequence[Capability] = ()
    arguments: Sequence[Text] = ()
    environment: Mapping[VariableName, str] = {}
    secrets: Sequence[Text] = ()
    secret_files: Sequence[SecretFiles] = ()
    config_files: Sequence[ConfigFiles] = ()
    directories: Sequence[Directory] = ()
    storage: Storage | None = None
    pod_management: Literal["ordered", "parallel"] = "ordered"
    rules: Sequence[AccessRule] = ()
    autoscaled: bool = True
    autoscaling: Autoscaling | None = None
    vertical: VerticalScaling | None = None
    rollout: Rollout = Rollout()
    release: Release | None = None
    priority: Literal["critical", "high", "default", "batch"] = "high"
    stopped: bool = False
    single_replica_reason: Text | None = None

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """Keys that exclude each other, and figures that contradict each other."""
        return workload_problems(data)


def service_problems(
    data: Mapping[str, Any],
    built_in: Sequence[str],
    secrets: Sequence[str],
    reserved: Sequence[str] = (),
    own: Sequence[Service] = (),
) -> Iterable[Problem]:
    """What is wrong with the raw keys `services` and `sizes` of a system.

    `built_in` are the names of the services that it has anyway, `own` those of them that sizes may contradict,
    `secrets` the keys of its Secret, and `reserved` the names that other objects of its namespace bear.
    """
    services = data.get("services") or ()
    for problem in duplicates(services, "name", "service"):
        yield problem._replace(path=("services", *problem.path))
    items = [item for item in services if isinstance(item, Mapping)] if isinstance(services, (list, tuple)) else []
    raw = {str(item.get("name")): item for item in items}
    known = list(dict.fromkeys([*built_in, *(str(item.get("name")) for item in items)]))
    reserved = (*reserved, *(f"{name}-headless" for name, one in raw.items() if one.get("kind") == "stateful"))
    for index, item in enumerate(services if isinstance(services, (list, tuple)) else ()):
        if isinstance(item, Mapping):
            yield from _entry_problems(index, item, built_in, reserved)
            yield from _unknown("secret", item, index, "secrets", secrets)
            yield from _unknown("service", item, index, "calls", known)
            yield from reference_problems(item, index, known, secrets)
    yield from size_problems(data, {**{one.name: one.model_dump(exclude_unset=True) for one in own}, **raw})
    sizes = data.get("sizes") or {}
    for name in sizes if isinstance(sizes, Mapping) else ():
        if name not in known:
            yield Problem(("sizes", name), f"there is no service {name!r}; services are: {', '.join(known)}")


def _entry_problems(
    index: int, item: Mapping[str, Any], built_in: Sequence[str], reserved: Sequence[str]
) -> Iterable[Problem]:
    name = item.get("name")
    if name in reserved:
        message = f"{name!r} is the name of another object of the system's own; choose a different one"
        yield Problem(("services", index, "name"), message, name)
    if name in built_in:
        message = f"service {name!r} is one of the system's own; to change its figures use 'sizes'"
        yield Problem(("services", index, "name"), message, name)


def _unknown(what: str, item: Mapping[str, Any], index: int, key: str, known: Sequence[str]) -> Iterable[Problem]:
    values = item.get(key)
    for position, value in enumerate(values if isinstance(values, (list, tuple)) else ()):
        if value not in known:
            message = f"there is no {what} {value!r}; {what}s are: {', '.join(known)}"
            yield Problem(("services", index, key, position), message, value)


def instance_name(component: str, instance: str) -> str:
    """The name of one of several equal workloads; raises ValueError if it is too long."""
    return dns_label(f"{component}-{instance}")
