"""From a system's services as data to Applications: resources by tier, and both ends of every network flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from components.application import ApplicationArgs, SecretKey
from components.naming import Scope
from components.network import INTERNET_HTTPS, KUBERNETES_API, Flow, Peer
from components.observability.prometheus import LABELS
from components.priority import Priority
from components.routing import mesh
from components.routing.release import APPLICATION_LABEL, Entry
from stacks.releases.arguments import released
from stacks.releases.config import Routing
from stacks.services import Capability, Service
from stacks.telemetry.access import TelemetryAccess
from stacks.tiers import Tier
from stacks.workloads.arguments import (
    container_port,
    metrics,
    replicas,
    service_resources,
    single_replica_reason,
)
from stacks.workloads.ports import service_ports
from stacks.workloads.volumes import files

# Where the cluster-wide operators run; network policies let them in by namespace.
INGRESS_NAMESPACE = "ingress-nginx"
MONITORING_NAMESPACE = "monitoring"
# Prometheus alone, or the agent in its place: nobody else there needs the systems' metrics.
PROMETHEUS = Peer(namespace=MONITORING_NAMESPACE, pods=LABELS)
_ALERTMANAGER = Peer(namespace=MONITORING_NAMESPACE, pods={"app.kubernetes.io/name": "alertmanager"})


_NO_MESH = Routing()


@dataclass(frozen=True, kw_only=True)
class Provider:
    """What stands behind a capability: how it is reached, and what a service that uses it gets for that.

    `secrets` are environment variables; `service_account_annotations` tie the service account to an identity outside
    of the cluster.
    """

    flows: Sequence[Flow]
    secrets: Mapping[str, SecretKey] = field(default_factory=dict)
    service_account_annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What all services of a system share.

    `providers` are what stands behind each capability; `exposed` the services that the ingress controller
    reaches, `alerted` those that Alertmanager tells of alerts; `config_map` and `secret` the environment of every
    service, `annotations` that of its pods. `routing` is the environment's, `entries` where traffic from
    outside enters. `scaler` is the URL of the Prometheus that KEDA asks, None without KEDA; `vertical` says whether
    there are VerticalPodAutoscalers, `telemetry` where traces go.
    """

    scope: Scope
    tier: Tier
    telemetry: TelemetryAccess
    registry: str
    version: str
    config_map: str
    secret: str
    annotations: Mapping[str, str] = field(default_factory=dict)
    providers: Mapping[Capability, Provider] = field(default_factory=dict)
    exposed: Sequence[str] = ()
    alerted: Sequence[str] = ()
    routing: Routing = _NO_MESH
    entries: Mapping[str, Entry] = field(default_factory=dict)
    scaler: str | None = None
    vertical: bool = False


def pods_at(selectors: Sequence[Mapping[str, str]], port: int) -> list[Flow]:
    """The flows that lead to a port of the pods of these label selectors."""
    return [Flow(peer=Peer(pods=selector), ports=(port,)) for selector in selectors]


def clients(scope: Scope, services: Sequence[Service], capability: Capability) -> list[dict[str, str]]:
    """The pod selectors of the services that use a capability."""
    return [pods(scope, service) for service in services if capability in service.uses]


def pods(scope: Scope, service: Service) -> dict[str, str]:
    """The selector of a service's pods, of both versions where it is released."""
    return {APPLICATION_LABEL: service.name} if _released(service) else scope.selector(service.name)


def _meshed(around: Surroundings) -> bool:
    """Whether pods have a proxy of Istio's."""
    return around.routing.mesh == "istio"


def _released(service: Service) -> bool:
    return service.release is not None and service.release.strategy != "rolling"


def ingress_flows(service: Service, services: Sequence[Service], around: Surroundings) -> list[Flow]:
    """Who may reach a service: its callers, the ingress controller if it is exposed, and Prometheus."""
    ports = tuple(service.ports.values())
    callers = [Peer(pods=pods(around.scope, other)) for other in services if service.name in other.calls]
    gateway = INGRESS_NAMESPACE if around.routing.mesh == "none" else around.routing.gateway_namespace
    outside = [Peer(namespace=gateway)] if service.name in around.exposed else []
    told = [_ALERTMANAGER] if service.name in around.alerted else []
    flows = [Flow(peer=peer, ports=ports) for peer in (*callers, *outside, *told)]
    return [*flows, Flow(peer=PROMETHEUS, ports=(mesh.METRICS_PORT,) if _meshed(around) else ports)]


def egress_flows(service: Service, services: Sequence[Service], around: Surroundings) -> list[Flow]:
    """Whom a service may reach: those it calls, and what it uses."""
    called = [other for name in service.calls for other in services if other.name == name]
    flows = [Flow(peer=Peer(pods=pods(around.scope, one)), ports=tuple(one.ports.values())) for one in called]
    flows += [*([mesh.CONTROL_PLANE] if _meshed(around) else []), *around.telemetry.egress]
    for capability in service.uses:
        if capability == "internet":
            flows.append(INTERNET_HTTPS)
        elif capability == "kubernetes_api":
            flows.append(KUBERNETES_API)
        elif capability == "pushgateway":
            flows.append(_pushgateway())
        elif capability in around.providers:
            flows += around.providers[capability].flows
    return flows


def _pushgateway() -> Flow:
    # Only here: few services push, and the smallest level has no gateway.
    from components.observability.exporters.pushgateway import NAME, PORT

    pods = {"app.kubernetes.io/name": NAME}
    return Flow(peer=Peer(namespace=MONITORING_NAMESPACE, pods=pods), ports=(PORT,))


def _providers(service: Service, around: Surroundings) -> list[Provider]:
    return [around.providers[capability] for capability in service.uses if capability in around.providers]


def service_account_annotations(service: Service, around: Surroundings) -> dict[str, str]:
    """The identities outside of the cluster that a service has by what it uses."""
    return {key: value for one in _providers(service, around) for key, value in one.service_account_annotations.items()}


def _proxy_annotations(service: Service, around: Surroundings) -> dict[str, str]:
    if not _meshed(around):
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
        metrics=() if instance or _meshed(around) else metrics(service),
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
        mesh=_meshed(around),
        priority=Priority[service.priority.upper()],
        single_replica_reason=single_replica_reason(service, many),
    )
