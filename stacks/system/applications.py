"""From a system's services as data to Applications: resources by tier, replicas, metrics, files and flows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from components.kubernetes.footprint import ContainerResources
from components.kubernetes.scheduling import Priority
from components.monitoring.monitors import Endpoint
from components.stores.base import Provider
from components.traffic import mesh
from components.workload import ApplicationArgs, PodFiles, Replicas, SecretKey
from stacks.schema.service.files import scratch_space
from stacks.schema.service.ports import all_ports, service_ports
from stacks.schema.service.service import Service
from stacks.schema.tiers import Tier
from stacks.schema.types import Bytes, Cpu
from stacks.system.flows import ServiceContext, egress_flows, ingress_flows, meshed
from stacks.system.releases import released

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


def replicas(service: Service, context: ServiceContext) -> Replicas:
    """How many pods a service has, and by what it scales.

    What has data of its own scales only if it says so. Without KEDA a service goes by CPU and memory alone.
    """
    if service.stopped:
        return Replicas(minimum=0)
    declared, tier = service.autoscaling, context.tier
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
        metrics=declared.metrics(context.scope, service.name) if context.scaler else (),
        source=context.scaler or "",
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


def files(service: Service, tier: Tier, secret: str) -> PodFiles:
    """All files of a service; `secret` is the system's Secret."""
    storage = service.storage
    if storage and storage.storage_class is None:
        storage = storage.model_copy(update={"storage_class": tier.storage_class})
    return PodFiles(
        storage=storage,
        protect=tier.protect_data,
        directories=service.directories,
        secret=secret,
        secret_files=service.secret_files,
        config_files=service.config_files,
    )


def _providers(service: Service, context: ServiceContext) -> list[Provider]:
    return [context.providers[capability] for capability in service.uses if capability in context.providers]


def service_account_annotations(service: Service, context: ServiceContext) -> dict[str, str]:
    """The identities outside of the cluster that a service has by what it uses."""
    return {
        key: value for one in _providers(service, context) for key, value in one.service_account_annotations.items()
    }


def _proxy_annotations(service: Service, context: ServiceContext) -> dict[str, str]:
    if not meshed(context):
        return {}
    # A proxy joins the metrics of one endpoint to its own.
    first = next(iter(metrics(service)), None)
    return (
        mesh.pod_annotations(container_port(service, first.port), first.path) if first else mesh.pod_annotations(None)
    )


def _telemetry(service: Service, context: ServiceContext, version: str, instance: str | None) -> dict[str, str]:
    """The OpenTelemetry variables of a service: in this one place for all applications."""
    attributes = {
        "service.namespace": context.scope.system,
        "service.version": version,
        "deployment.environment.name": context.scope.environment,
    }
    return context.telemetry.environment(service.name, attributes | ({"tenant.id": instance} if instance else {}))


def application_args(
    service: Service, services: Sequence[Service], context: ServiceContext, *, instance: str | None = None
) -> ApplicationArgs:
    """All that an Application is told, for a service or for one `instance` of it (which shares its group's policy)."""
    version, many = service.version or context.version, replicas(service, context)
    return ApplicationArgs(
        scope=context.scope,
        component=service.name,
        instance=instance,
        metrics=() if instance or meshed(context) else metrics(service),
        image=f"{service.image or f'{context.registry}/{service.name}'}:{version}",
        version=version,
        ports=dict(service.ports),
        service_ports=service_ports(service.service_ports),
        arguments=tuple(service.arguments),
        stateful=service.kind == "stateful",
        pod_management="Parallel" if service.pod_management == "parallel" else "OrderedReady",
        replicas=many,
        vertical=service.vertical.as_arguments() if service.vertical and context.vertical else None,
        resources=service_resources(context.tier, service),
        probes=service.probes.as_arguments(),
        rollout=service.rollout,
        files=files(service, context.tier, context.secret),
        config_maps=(context.config_map,),
        pod_annotations={**context.annotations, **_proxy_annotations(service, context)},
        secrets={
            **{key: SecretKey(secret=context.secret, key=key) for key in service.secrets},
            **{name: key for one in _providers(service, context) for name, key in one.secrets.items()},
        },
        rules=[rule.as_rule() for rule in service.rules],
        service_account=service.name if instance else None,
        service_account_annotations=service_account_annotations(service, context),
        ingress=() if instance else ingress_flows(service, services, context),
        egress=() if instance else egress_flows(service, services, context),
        zone_spread="DoNotSchedule" if context.tier.zones_required else "ScheduleAnyway",
        environment={
            **_telemetry(service, context, version, instance),
            **service.environment,
            **({"TENANT_ID": instance} if instance else {}),
        },
        release=released(service.release, context.routing, context.entries.get(service.name), context.scope),
        mesh=meshed(context),
        priority=Priority[service.priority.upper()],
        single_replica_reason=single_replica_reason(service, many),
    )
