"""From a system's services as data to Applications: resources by tier, replicas, metrics, files and flows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from components.kubernetes.footprint import ContainerResources
from components.kubernetes.scheduling import Priority
from components.stores.base import Provider
from components.traffic import mesh
from components.workload import ApplicationArgs, PodFiles, Replicas, SecretKey
from components.workload.files import SecretVolume
from stacks.schema.service.files import scratch_space
from stacks.schema.service.ports import service_ports
from stacks.schema.service.service import Service
from stacks.schema.tiers import Tier
from stacks.schema.types import Bytes, Cpu
from stacks.system.flows import ServiceContext, egress_flows, ingress_flows, meshed
from stacks.system.releases import released
from stacks.system.scraping import container_port, merged_metrics, scraped_directly

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
    mounted = "Its volume is mounted by one pod at a time." if service.storage and not service.storage.shared else None
    return service.single_replica_reason or mounted


def files(service: Service, tier: Tier, secret: str, keys: Sequence[SecretVolume] = ()) -> PodFiles:
    """All files of a service; `secret` is the system's Secret, `keys` the files of its certificates and key pairs."""
    storage = service.storage
    # What the tier names are disks, which one node has at a time.
    if storage and storage.storage_class is None and not storage.shared:
        storage = storage.model_copy(update={"storage_class": tier.storage_class})
    return PodFiles(
        storage=storage,
        protect=tier.protect_data,
        directories=service.directories,
        secret=secret,
        secret_files=service.secret_files,
        secret_volumes=keys,
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
    merged, direct = merged_metrics(service), scraped_directly(service, in_mesh=True)
    passing = sorted({container_port(service, one.port) for one in direct})
    if merged is None:
        return mesh.pod_annotations(None, passing=passing)
    return mesh.pod_annotations(container_port(service, merged.port), merged.path, passing=passing)


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
        metrics=() if instance else scraped_directly(service, in_mesh=meshed(context)),
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
        files=files(service, context.tier, context.secret, context.keys.get(service.name, ())),
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
        follows_secrets=context.external_secrets,
    )
