"""From a system's services as data to Applications: resources by tier, and both ends of every network flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from components import cache, database, object_storage
from components.application import ApplicationArgs, Replicas, SecretKey
from components.footprint import ContainerResources
from components.naming import Scope
from components.network import INTERNET_HTTPS, KUBERNETES_API, Flow, Peer
from components.observability.monitors import Endpoint
from components.priority import Priority
from stacks.services import Capability, Service
from stacks.tiers import Tier
from stacks.types import Bytes, Cpu

# Where the cluster-wide operators run; network policies let them in by namespace.
INGRESS_NAMESPACE = "ingress-nginx"
MONITORING_NAMESPACE = "monitoring"
# Prometheus alone, by the label that its operator gives to its pods: nobody else there needs the systems' metrics.
PROMETHEUS = Peer(namespace=MONITORING_NAMESPACE, pods={"app.kubernetes.io/name": "prometheus"})
# The services tell their metrics on the port that they serve on, unless they have one of this name.
_METRICS_PORT = "metrics"
_ALERTMANAGER = Peer(namespace=MONITORING_NAMESPACE, pods={"app.kubernetes.io/name": "alertmanager"})


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What all services of a system share.

    `providers` are the pod selectors behind each capability; `exposed` the services that the ingress controller
    reaches, `alerted` those that Alertmanager tells of alerts; `config_map` and `secret` the environment of every
    service, `annotations` that of its pods.
    """

    scope: Scope
    tier: Tier
    registry: str
    version: str
    config_map: str
    secret: str
    annotations: Mapping[str, str] = field(default_factory=dict)
    providers: Mapping[Capability, Sequence[Mapping[str, str]]] = field(default_factory=dict)
    exposed: Sequence[str] = ()
    alerted: Sequence[str] = ()


# What Prometheus may reach in a system: its services, and the metrics of its stores.
METRICS_PORTS = (8000, database.METRICS_PORT, cache.METRICS_PORT, object_storage.PORT)

_CAPABILITY_PORTS: Mapping[Capability, int] = {
    "database": database.PORT,
    "cache": cache.PORT,
    "object_storage": object_storage.PORT,
}


def resources(tier: Tier, cpu: Cpu, memory: Bytes) -> ContainerResources:
    """A container's limits, and the part of them that the tier lets it request."""
    return ContainerResources(
        cpu_request=cpu * tier.request_ratio,
        cpu_limit=cpu,
        memory_request=(memory * tier.request_ratio).rounded(),
        memory_limit=memory,
    )


def clients(scope: Scope, services: Sequence[Service], capability: Capability) -> list[dict[str, str]]:
    """The pod selectors of the services that use a capability."""
    return [scope.selector(service.name) for service in services if capability in service.uses]


def ingress_flows(service: Service, services: Sequence[Service], around: Surroundings) -> list[Flow]:
    """Who may reach a service: its callers, the ingress controller if it is exposed, and Prometheus."""
    ports = tuple(service.ports.values())
    callers = [Peer(pods=around.scope.selector(other.name)) for other in services if service.name in other.calls]
    outside = [Peer(namespace=INGRESS_NAMESPACE)] if service.name in around.exposed else []
    told = [_ALERTMANAGER] if service.name in around.alerted else []
    return [Flow(peer=peer, ports=ports) for peer in (*callers, *outside, *told, PROMETHEUS)]


def egress_flows(service: Service, services: Sequence[Service], around: Surroundings) -> list[Flow]:
    """Whom a service may reach: those it calls, and what it uses."""
    ports = {other.name: tuple(other.ports.values()) for other in services}
    flows = [Flow(peer=Peer(pods=around.scope.selector(name)), ports=ports[name]) for name in service.calls]
    for capability in service.uses:
        if capability == "internet":
            flows.append(INTERNET_HTTPS)
        elif capability == "kubernetes_api":
            flows.append(KUBERNETES_API)
        else:
            pods = around.providers.get(capability, ())
            flows += [Flow(peer=Peer(pods=selector), ports=(_CAPABILITY_PORTS[capability],)) for selector in pods]
    return flows


def metrics(service: Service) -> list[Endpoint]:
    """What Prometheus scrapes of a service: its port `metrics` if it has one, else `http`."""
    return [Endpoint(port=_METRICS_PORT if _METRICS_PORT in service.ports else "http")]


def application_args(
    service: Service, services: Sequence[Service], around: Surroundings, *, instance: str | None = None
) -> ApplicationArgs:
    """All that an Application is told, for a service or for one `instance` of it (which shares its group's policy)."""
    version = service.version or around.version
    maximum = around.tier.autoscaling_maximum if service.autoscaled else None
    return ApplicationArgs(
        scope=around.scope,
        component=service.name,
        instance=instance,
        metrics=() if instance else metrics(service),
        image=f"{service.image or f'{around.registry}/{service.name}'}:{version}",
        version=version,
        ports=dict(service.ports),
        replicas=Replicas(minimum=service.replicas, maximum=max(maximum, service.replicas) if maximum else None),
        resources=resources(around.tier, service.cpu, service.memory),
        config_maps=(around.config_map,),
        pod_annotations=around.annotations,
        secrets={key: SecretKey(secret=around.secret, key=key) for key in service.secrets},
        rules=service.rules,
        service_account=service.name if instance else None,
        ingress=() if instance else ingress_flows(service, services, around),
        egress=() if instance else egress_flows(service, services, around),
        zone_spread="DoNotSchedule" if around.tier.zones_required else "ScheduleAnyway",
        environment={"TENANT_ID": instance} if instance else {},
        priority=Priority[service.priority.upper()],
        single_replica_reason=service.single_replica_reason if service.replicas == 1 and not maximum else None,
    )
