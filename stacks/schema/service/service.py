"""A system's services as data: what each needs, with whom it speaks, and what an environment sets otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from components.kubernetes.naming import dns_label
from components.stores.store_list import STORES
from components.workload.args import RollingUpdate, ServicePort
from components.workload.files import ConfigFiles, Directory, SecretFiles, Storage
from components.workload.types import VariableName
from stacks.schema.releases import ReleaseConfig
from stacks.schema.service.ports import MetricsEndpoint, default_metrics
from stacks.schema.service.probes import ProbesConfig
from stacks.schema.service.rules import reference_problems, workload_problems
from stacks.schema.service.scaling import Autoscaling, Bounds, VerticalScaling
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
    Seconds,
    ServiceName,
    Text,
    duplicates,
)


class Size(Model):
    """What an environment sets otherwise for one service; what is left out stays the service's own."""

    replicas: ReplicaCount | None = Field(
        None, description="How many pods there are, without autoscaling; with it, at the least."
    )
    cpu: Cpu | None = Field(None, description="The CPU limit of a pod.")
    memory: Bytes | None = Field(None, description="The memory limit of a pod.")
    cpu_request: Cpu | None = Field(None, description="The CPU that a pod requests; at most `cpu`.")
    memory_request: Bytes | None = Field(None, description="The memory that a pod requests; at most `memory`.")
    autoscaling: Bounds | None = Field(None, description="Between how many pods it scales.")
    storage: Bytes | None = Field(None, description="The size of its volume, of a service that has one.")
    version: ImageTag | None = Field(None, description="The tag of its image.")
    release: ReleaseConfig | None = Field(None, description="How its versions are exchanged.")
    scrape_interval: Seconds | None = Field(
        None, description="How often Prometheus reads its metrics, at all of its ports that tell any."
    )


def sized(services: Iterable[Service], sizes: Mapping[str, Size]) -> list[Service]:
    """The services with what an environment sets otherwise."""
    return [_sized(service, sizes[service.name]) if service.name in sizes else service for service in services]


def _sized(service: Service, size: Size) -> Service:
    update: dict[str, Any] = {key: value for key, value in size if value is not None}
    if interval := update.pop("scrape_interval", None):
        update["metrics"] = [one.model_copy(update={"interval": interval}) for one in service.read_metrics]
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
        if size.get("scrape_interval") is not None and service.get("metrics") in ([], ()):
            yield Problem(("sizes", name, "scrape_interval"), f"service {name!r} tells no metrics: leave this out")
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


# What a size says of a part of the service, and under another key than the service.
_OF_OTHERS = ("storage", "scrape_interval")


def _merged(service: Mapping[str, Any], size: Mapping[str, Any]) -> dict[str, Any]:
    changed = {key: value for key, value in size.items() if value is not None and key not in _OF_OTHERS}
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
_CAPABILITIES = (*(one.capability for one in STORES), "internet", "kubernetes_api", "other_clusters", "pushgateway")


def _capability(value: str) -> str:
    if value not in _CAPABILITIES:
        *others, last = map(repr, _CAPABILITIES)
        raise ValueError(f"should be {', '.join(others)} or {last}")
    return value


Capability = Annotated[str, AfterValidator(_capability)]


class AccessRule(Model):
    """What a service account may do in its namespace."""

    api_groups: Annotated[Sequence[str], Field(min_length=1)] = Field(
        description='The API groups; "" is the core group.'
    )
    resources: Annotated[Sequence[Text], Field(min_length=1)] = Field(description="The resources, such as pods.")
    verbs: Annotated[Sequence[Text], Field(min_length=1)] = Field(description="The verbs, such as get and list.")
    resource_names: Sequence[Text] = Field(
        (), description="The only objects that it holds for; without, it is all of them."
    )

    def as_rule(self) -> dict[str, list[str]]:
        """A rule of a Role, in Python's names."""
        return {key: list(values) for key, values in self if values}


class Service(Model):
    """A service: what it runs as, with whom it speaks, and what it needs."""

    name: ServiceName = Field(
        description="The name of the service and of its objects; of a stateful one at most 52 characters."
    )
    replicas: ReplicaCount = Field(description="How many pods there are, without autoscaling; with it, at the least.")
    cpu: Cpu = Field(description="The CPU limit of a pod.")
    memory: Bytes = Field(description="The memory limit of a pod.")
    kind: Literal["stateless", "stateful"] = Field(
        "stateless",
        description="`stateful` gives each pod a name and, with `storage`, a volume of its own; a stateless "
        "service with `storage` is one pod.",
    )
    cpu_request: Cpu | None = Field(
        None, description="The CPU that a pod requests; at most `cpu`. By default the tier's `request_ratio` of it."
    )
    memory_request: Bytes | None = Field(
        None,
        description="The memory that a pod requests; at most `memory`. By default the tier's `request_ratio` of it.",
    )
    ports: Annotated[Mapping[PortName, Port], Field(min_length=1)] = Field(
        {"http": 8000},
        description="The ports of its containers, by name; `http` is the one that is probed and called, unless "
        "the probes say another.",
    )
    service_ports: Mapping[PortName, Port | ServicePort] = Field(
        {},
        description="The ports of its Service that differ, by name: a number for the container's port of the same "
        "name, or a number and the port behind it.",
    )
    metrics: Sequence[MetricsEndpoint] | None = Field(
        None,
        description="Where it tells metrics; by default on the port `metrics`, or where there is none on `http`. "
        "An empty list for nowhere.",
    )
    probes: ProbesConfig = Field(ProbesConfig(), description="What of its probes differs from the defaults.")
    image: ImageName | None = Field(
        None,
        description="The image, as [host[:port]/]path without its tag, which is `version`. By default the "
        "registry's of the service's name.",
    )
    version: ImageTag | None = Field(None, description="The tag of the image. By default the system's version.")
    calls: Sequence[Name] = Field((), description="The services of the same system that it connects to.")
    uses: Sequence[Capability] = Field(
        (),
        description="What it connects to besides: the system's stores, addresses on the internet, the API server, "
        "the Pushgateway.",
    )
    arguments: Sequence[Text] = Field((), description="The arguments of the container.")
    environment: Mapping[VariableName, str] = Field({}, description="Plain variables, by name.")
    secrets: Sequence[Text] = Field((), description="The keys of the system's Secret that it sees as variables.")
    secret_files: Sequence[SecretFiles] = Field((), description="Keys of the system's Secret that it sees as files.")
    config_files: Sequence[ConfigFiles] = Field((), description="Texts that it sees as files.")
    directories: Sequence[Directory] = Field((), description="Scratch space besides /tmp, since its root is read-only.")
    storage: Storage | None = Field(None, description="A volume that outlives its pods.")
    pod_management: Literal["ordered", "parallel"] = Field(
        "ordered", description="Whether the pods of a stateful service start one after the other."
    )
    rules: Sequence[AccessRule] = Field(
        (), description="What its service account may do in the namespace; by default nothing."
    )
    autoscaled: bool = Field(True, description="Whether it scales at all.")
    autoscaling: Autoscaling | None = Field(
        None, description="By what it scales; by default by 70 % of its CPU and 80 % of its memory."
    )
    vertical: VerticalScaling | None = Field(
        None, description="What a VerticalPodAutoscaler recommends; needs `operators.vertical-pod-autoscaler`."
    )
    rollout: RollingUpdate = Field(RollingUpdate(), description="How its pods are exchanged.")
    release: ReleaseConfig | None = Field(
        None, description="How a new version takes over; by default a rolling update, whose figures are in `rollout`."
    )
    priority: Literal["critical", "high", "default", "batch"] = Field(
        "high", description="Who is scheduled first when there is not room for all."
    )
    stopped: bool = Field(False, description="Whether it is left without pods, while somebody else works on its data.")
    single_replica_reason: Text | None = Field(
        None,
        description="Why one pod is enough, without which the policies refuse a service of one pod in staging and "
        "prod.",
    )

    @property
    def read_metrics(self) -> Sequence[MetricsEndpoint]:
        """Where Prometheus reads its metrics."""
        return [default_metrics(self.ports, self.service_ports)] if self.metrics is None else self.metrics

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
