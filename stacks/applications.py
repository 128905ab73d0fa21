"""From a system's services as data to Applications: resources by tier, replicas, metrics, files and flows."""

from __future__ import annotations

from collections.abc import Sequence

from components.application import ApplicationArgs, SecretKey
from components.priority import Priority
from components.routing import mesh
from stacks.composition import Provider, Surroundings, egress_flows, ingress_flows, meshed
from stacks.releases.arguments import released
from stacks.services import Service
from stacks.workloads.arguments import (
    container_port,
    files,
    metrics,
    replicas,
    service_resources,
    single_replica_reason,
)
from stacks.workloads.ports import service_ports


def _providers(service: Service, around: Surroundings) -> list[Provider]:
    return [around.providers[capability] for capability in service.uses if capability in around.providers]


def service_account_annotations(service: Service, around: Surroundings) -> dict[str, str]:
    """The identities outside of the cluster that a service has by what it uses."""
    return {key: value for one in _providers(service, around) for key, value in one.service_account_annotations.items()}


def _proxy_annotations(service: Service, around: Surroundings) -> dict[str, str]:
    if not meshed(around):
        return {}
    # A proxy joins the metrics of one endpoint to its own.
    first = next(iter(metrics(service)), None)
    return (
        mesh.pod_annotations(container_port(service, first.port), first.path) if first else mesh.pod_annotations(None)
    )


def _telemetry(service: Service, around: Surroundings, version: str, instance: str | None) -> dict[str, str]:
    """The OpenTelemetry variables of a service: in this one place for all applications."""
    attributes = {
        "service.namespace": around.scope.system,
        "service.version": version,
        "deployment.environment.name": around.scope.environment,
    }
    return around.telemetry.environment(service.name, attributes | ({"tenant.id": instance} if instance else {}))


def application_args(
    service: Service, services: Sequence[Service], around: Surroundings, *, instance: str | None = None
) -> ApplicationArgs:
    """All that an Application is told, for a service or for one `instance` of it (which shares its group's policy)."""
    version, many = service.version or around.version, replicas(service, around)
    return ApplicationArgs(
        scope=around.scope,
        component=service.name,
        instance=instance,
        metrics=() if instance or meshed(around) else metrics(service),
        image=f"{service.image or f'{around.registry}/{service.name}'}:{version}",
        version=version,
        ports=dict(service.ports),
        service_ports=service_ports(service.service_ports),
        arguments=tuple(service.arguments),
        stateful=service.kind == "stateful",
        pod_management="Parallel" if service.pod_management == "parallel" else "OrderedReady",
        replicas=many,
        vertical=service.vertical.as_arguments() if service.vertical and around.vertical else None,
        resources=service_resources(around.tier, service),
        probes=service.probes.as_arguments(),
        rollout=service.rollout.as_arguments(),
        files=files(service, around.tier, around.secret),
        config_maps=(around.config_map,),
        pod_annotations={**around.annotations, **_proxy_annotations(service, around)},
        secrets={
            **{key: SecretKey(secret=around.secret, key=key) for key in service.secrets},
            **{name: key for one in _providers(service, around) for name, key in one.secrets.items()},
        },
        rules=[rule.as_rule() for rule in service.rules],
        service_account=service.name if instance else None,
        service_account_annotations=service_account_annotations(service, around),
        ingress=() if instance else ingress_flows(service, services, around),
        egress=() if instance else egress_flows(service, services, around),
        zone_spread="DoNotSchedule" if around.tier.zones_required else "ScheduleAnyway",
        environment={
            **_telemetry(service, around, version, instance),
            **service.environment,
            **({"TENANT_ID": instance} if instance else {}),
        },
        release=released(service.release, around.routing, around.entries.get(service.name), around.scope),
        mesh=meshed(around),
        priority=Priority[service.priority.upper()],
        single_replica_reason=single_replica_reason(service, many),
    )
