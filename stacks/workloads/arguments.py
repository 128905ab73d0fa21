"""From what a service says of its size to what its component is told: requests by tier, replicas, metrics."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from components.application import Replicas
from components.application import volumes as mounted
from components.footprint import ContainerResources
from components.observability.monitors import Endpoint
from stacks.types import Bytes, Cpu
from stacks.workloads.ports import all_ports
from stacks.workloads.volumes import Storage, scratch_space

if TYPE_CHECKING:
    from stacks.composition import Surroundings
    from stacks.services import Service
    from stacks.tiers import Tier

# The services tell their metrics on the port that they serve on, unless they have one of this name.
_METRICS_PORT = "metrics"
_Quantity = TypeVar("_Quantity", Cpu, Bytes)


def resources(tier: Tier, cpu: Cpu, memory: Bytes) -> ContainerResources:
    """A container's limits, and the part of them that the tier lets it request."""
    return ContainerResources(
        cpu_request=cpu * tier.request_ratio,
        cpu_limit=cpu,
        memory_request=(memory * tier.request_ratio).rounded(),
        memory_limit=memory,
    )


def service_resources(tier: Tier, service: Service) -> ContainerResources:
    """The resources of a service: its own requests where it says them, and room for its scratch directories."""
    made, scratch = resources(tier, service.cpu, service.memory), scratch_space(service.directories)
    return replace(
        made,
        cpu_request=_request(tier, service.cpu_request, made.cpu_request),
        memory_request=_request(tier, service.memory_request, made.memory_request),
        # A quarter of it is set aside on the node, as of the space that every service has.
        ephemeral_request=made.ephemeral_request + (scratch * 0.25).rounded(),
        ephemeral_limit=made.ephemeral_limit + scratch,
    )


def _request(tier: Tier, declared: _Quantity | None, standard: _Quantity) -> _Quantity:
    if declared is None:
        return standard
    return declared if tier.full_size else min(declared, standard)


def replicas(service: Service, around: Surroundings) -> Replicas:
    """How many pods a service has, and by what it scales.

    What has data of its own scales only if it says so. Without KEDA a service goes by CPU and memory alone.
    """
    if service.stopped:
        return Replicas(minimum=0)
    declared, tier = service.autoscaling, around.tier
    if declared is None:
        automatic = service.autoscaled and service.kind == "stateless" and service.storage is None
        maximum = _with_room(service.replicas, tier.autoscaling_maximum) if automatic else None
        return Replicas(minimum=service.replicas, maximum=maximum)
    least, most = declared.minimum or service.replicas, declared.maximum or tier.autoscaling_maximum
    bounded = most if tier.full_size else min(most, tier.autoscaling_maximum)
    return Replicas(
        minimum=least,
        maximum=_with_room(least, bounded),
        cpu_percent=declared.cpu_percent,
        memory_percent=declared.memory_percent,
        metrics=declared.metrics(around.scope, service.name) if around.scaler else (),
        source=around.scaler or "",
        behavior=declared.behavior.as_spec() if declared.behavior else None,
    )


def _with_room(least: int, most: int) -> int:
    """The most, and room for one pod more however many there are at least; a tier's maximum of 1 scales nothing.

    An autoscaler that went in the same update that raises the number would still take that down to its old maximum.
    """
    return max(most, least + 1) if most > 1 else least


def single_replica_reason(service: Service, many: Replicas) -> str | None:
    """Why one pod is enough, where there is one: what the service says, or that its volume is one pod's."""
    if many.most > 1:
        return None
    mounted = "Its volume is mounted by one pod at a time." if service.storage else None
    return service.single_replica_reason or mounted


def metrics(service: Service) -> list[Endpoint]:
    """What Prometheus scrapes of a service: where it says, or its port `metrics` if it has one, else `http`."""
    if service.metrics is not None:
        return [one.as_endpoint() for one in service.metrics]
    ports = all_ports(service.ports, service.service_ports)
    return [Endpoint(port=_METRICS_PORT if _METRICS_PORT in ports.exposed else ports.main)]


def container_port(service: Service, name: str) -> int:
    """The number of the container's port behind a port of the Service."""
    return service.ports[all_ports(service.ports, service.service_ports).target(name)]


def scraped_ports(services: Iterable[Service]) -> list[int]:
    """The containers' ports that Prometheus reads the metrics of these services from, in order."""
    return sorted({container_port(service, one.port) for service in services for one in metrics(service)})


def files(service: Service, tier: Tier, secret: str) -> mounted.Files:
    """All files of a service; `secret` is the system's Secret."""
    return mounted.Files(
        storage=_storage(service.storage, tier) if service.storage else None,
        directories={one.path: one.size for one in service.directories},
        secrets=[
            mounted.SecretFiles(path=one.path, secret=secret, files=dict(one.files)) for one in service.secret_files
        ],
        configuration=[mounted.ConfigFiles(path=one.path, files=dict(one.files)) for one in service.config_files],
    )


def _storage(config: Storage, tier: Tier) -> mounted.Storage:
    return mounted.Storage(
        path=config.path,
        size=config.size,
        storage_class=config.storage_class or tier.storage_class,
        backup=config.backup,
        protect=tier.protect_data,
    )
