"""A system's services as data: what each needs, and with whom it speaks.

From one list come the Applications, both ends of every network flow, the secrets that each service sees, and the
quota of the namespace.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from components.naming import dns_label
from stacks.releases import Release
from stacks.types import (
    Bytes,
    Cpu,
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

Capability = Literal["database", "cache", "object_storage", "internet", "kubernetes_api", "pushgateway"]


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
    """A stateless service. `cpu` and `memory` are its limits; what it requests follows from the tier.

    `calls` names the services that it connects to, `uses` the capabilities. `ports` by name; `http` is the one that
    is probed. `image` (without tag) defaults to the registry's image of the same name. `secrets` are the keys of the
    system's Secret that it sees, `rules` what its service account may do in the namespace. `release` is how a new
    version takes over, a rolling update by default.
    system's Secret that it sees, `rules` what its service account may do in the namespace. `priority` says who is
    scheduled first when there is not room for all. `single_replica_reason` says why one pod is enough, without which
    the policies refuse a service of one pod in staging and prod.
    """

    name: ServiceName
    replicas: ReplicaCount
    cpu: Cpu
    memory: Bytes
    ports: Mapping[PortName, Port] = {"http": 8000}
    image: Text | None = None
    version: ImageTag | None = None
    calls: Sequence[Name] = ()
    uses: Sequence[Capability] = ()
    secrets: Sequence[Text] = ()
    rules: Sequence[AccessRule] = ()
    autoscaled: bool = True
    release: Release | None = None
    priority: Literal["critical", "high", "default", "batch"] = "high"
    single_replica_reason: Text | None = None

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """Ports: one must be `http`, and no number may stand for two."""
        ports = data.get("ports")
        if not isinstance(ports, Mapping):
            return
        if "http" not in ports:
            yield Problem(("ports",), "needs a port named 'http', the one that is probed and called")
        names: dict[str, str] = {}
        for name, number in ports.items():
            # YAML may have the number as text too, which is the same port.
            if names.setdefault(str(number), name) != name:
                message = f"port {number} is taken by {names[str(number)]!r} of the same service"
                yield Problem(("ports", str(name)), message, number)


class Size(Model):
    """What an environment sets otherwise for one service."""

    replicas: ReplicaCount | None = None
    cpu: Cpu | None = None
    memory: Bytes | None = None
    version: ImageTag | None = None
    release: Release | None = None


def service_problems(
    data: Mapping[str, Any], built_in: Sequence[str], secrets: Sequence[str], reserved: Sequence[str] = ()
) -> Iterable[Problem]:
    """What is wrong with the raw keys `services` and `sizes` of a system.

    `built_in` are the names of the services that it has anyway, `secrets` the keys of its Secret, and `reserved` the
    names that other objects of its namespace bear.
    """
    services = data.get("services") or ()
    for problem in duplicates(services, "name", "service"):
        yield problem._replace(path=("services", *problem.path))
    items = [item for item in services if isinstance(item, Mapping)] if isinstance(services, (list, tuple)) else []
    known = list(dict.fromkeys([*built_in, *(str(item.get("name")) for item in items)]))
    for index, item in enumerate(services if isinstance(services, (list, tuple)) else ()):
        if isinstance(item, Mapping):
            yield from _entry_problems(index, item, built_in, reserved)
            yield from _unknown("secret", item, index, "secrets", secrets)
            yield from _unknown("service", item, index, "calls", known)
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


def sized(services: Iterable[Service], sizes: Mapping[str, Size]) -> list[Service]:
    """The services with what an environment sets otherwise."""
    none = Size()
    return [
        service.model_copy(update={key: value for key, value in sizes.get(service.name, none) if value is not None})
        for service in services
    ]


def instance_name(component: str, instance: str) -> str:
    """The name of one of several equal workloads; raises ValueError if it is too long."""
    return dns_label(f"{component}-{instance}")
