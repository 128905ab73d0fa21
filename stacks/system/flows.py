"""Who may talk to whom in a system: both ends of every network flow, from what its services say of each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from components.kubernetes.naming import Scope
from components.kubernetes.needs import (
    INTERNET_HTTPS,
    KUBERNETES_API,
    MESH_CONTROL_PLANE,
    OTHER_CLUSTERS,
    PROXY_METRICS_PORT,
    internal_tools,
)
from components.kubernetes.network import Flow, Peer
from components.monitoring.prometheus import LABELS
from components.stores.base import Provider
from components.traffic.release import APPLICATION_LABEL, Entry, primary_name
from components.workload.files import SecretVolume
from stacks.schema.releases import Routing
from stacks.schema.service.service import Capability, Service
from stacks.schema.tiers import Tier
from stacks.system.scraping import ports_beside_main
from stacks.telemetry.access import TelemetryAccess

# Where the cluster-wide operators run; network policies let them in by namespace.
INGRESS_NAMESPACE = "ingress-nginx"
MONITORING_NAMESPACE = "monitoring"
# Prometheus alone, or the agent in its place: nobody else there needs the systems' metrics.
PROMETHEUS = Peer(namespace=MONITORING_NAMESPACE, pods=LABELS)
_ALERTMANAGER = Peer(namespace=MONITORING_NAMESPACE, pods={"app.kubernetes.io/name": "alertmanager"})


_NO_MESH = Routing()
# What the platform gives beside stores, by the name that services use it by.
_WAYS_OUT = {"internet": INTERNET_HTTPS, "kubernetes_api": KUBERNETES_API, "other_clusters": OTHER_CLUSTERS}


@dataclass(frozen=True, kw_only=True)
class ServiceContext:
    """What all services of a system share.

    `providers` are what stands behind each capability; `exposed` the services that the ingress controller reaches,
    `alerted` those that Alertmanager tells of alerts; `config_map` and `secret` the environment of every service,
    `annotations` that of its pods. `routing` is the environment's, `entries` where traffic from outside enters.
    `scaler` is the URL of the Prometheus that KEDA asks, None without KEDA; `vertical` says whether there are
    VerticalPodAutoscalers, `telemetry` where traces go. `requests_per_minute` limits each client address. `keys` are
    the files of certificates and pairs of keys, by service; `external_secrets` says whether Secrets come from a store.
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
    requests_per_minute: int | None = None
    external_secrets: bool = False
    keys: Mapping[str, Sequence[SecretVolume]] = field(default_factory=dict)


def clients(scope: Scope, services: Sequence[Service], capability: Capability) -> list[dict[str, str]]:
    """The pod selectors of the services that use a capability."""
    return [pods(scope, service) for service in services if capability in service.uses]


def pods(scope: Scope, service: Service) -> dict[str, str]:
    """The selector of a service's pods, of both versions where it is released."""
    return {APPLICATION_LABEL: service.name} if _released(service) else scope.selector(service.name)


def _behind(scope: Scope, service: Service) -> list[dict[str, str]]:
    """The pods that a caller of a service reaches, each version by the label that its Services select it by.

    The VPC CNI judges a connection before the Service is resolved, and lets through to its address only where the
    Service's selector has all that the policy asks of pods (amazon-network-policy-controller-k8s v1.1.7,
    pkg/resolvers/endpoints.go, getMatchingServiceClusterIPs).
    """
    versions = (service.name, primary_name(service.name)) if _released(service) else (service.name,)
    return [scope.selector(one) for one in versions]


def meshed(context: ServiceContext) -> bool:
    """Whether pods have a proxy of Istio's."""
    return context.routing.mesh == "istio"


def _released(service: Service) -> bool:
    return service.release is not None and service.release.strategy != "rolling"


def entered(service: Service, context: ServiceContext) -> bool:
    """Whether traffic from outside reaches a service: by a route of its system, or by its release's own host."""
    return service.name in context.exposed or (service.release is not None and service.release.host is not None)


def ingress_flows(service: Service, services: Sequence[Service], context: ServiceContext) -> list[Flow]:
    """Who may reach a service: its callers, Prometheus, and what lets traffic in from outside if that enters for it."""
    ports = tuple(service.ports.values())
    callers = [Peer(pods=pods(context.scope, other)) for other in services if service.name in other.calls]
    gateway = INGRESS_NAMESPACE if context.routing.mesh == "none" else context.routing.gateway_namespace
    outside = [Peer(namespace=gateway)] if entered(service, context) else []
    alertmanager = [_ALERTMANAGER] if service.name in context.alerted else []
    tested = [internal_tools(context.routing.load_tester)] if _released(service) else []
    flows = [Flow(peer=peer, ports=ports) for peer in (*callers, *outside, *alertmanager, *filter(None, tested))]
    # In a mesh the proxy answers for the port of the requests.
    scraped = (*ports_beside_main(service), PROXY_METRICS_PORT) if meshed(context) else ports
    return [*flows, Flow(peer=PROMETHEUS, ports=scraped)]


def egress_flows(service: Service, services: Sequence[Service], context: ServiceContext) -> list[Flow]:
    """Whom a service may reach: those it calls, and what it uses."""
    called = [other for name in service.calls for other in services if other.name == name]
    flows = [
        Flow(peer=Peer(pods=selector), ports=tuple(one.ports.values()))
        for one in called
        for selector in _behind(context.scope, one)
    ]
    flows += [*([MESH_CONTROL_PLANE] if meshed(context) else []), *context.telemetry.egress]
    for capability in service.uses:
        if capability in _WAYS_OUT:
            flows.append(_WAYS_OUT[capability])
        elif capability == "pushgateway":
            flows.append(_pushgateway())
        elif capability in context.providers:
            flows += context.providers[capability].flows
    return flows


def _pushgateway() -> Flow:
    # Only here: few services push, and the smallest level has no gateway.
    from components.monitoring.exporters.pushgateway import NAME, PORT

    pods = {"app.kubernetes.io/name": NAME}
    return Flow(peer=Peer(namespace=MONITORING_NAMESPACE, pods=pods), ports=(PORT,))
