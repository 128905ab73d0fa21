"""What monitoring has to reach in the environment's systems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from components.kubernetes.needs import PROXY_METRICS_PORT
from components.kubernetes.network import Flow, Peer
from stacks.monitoring.notifications import Hook
from stacks.monitoring.plan import MonitoredSystems
from stacks.schema.releases import Routing
from stacks.schema.service.service import Service
from stacks.system.declaration import AlertHook, Declaration
from stacks.system.environment_context import EnvironmentContext
from stacks.system.flows import INGRESS_NAMESPACE
from stacks.system.scraping import scraped_ports


def monitored_systems(
    systems: Sequence[Declaration],
    services: Mapping[str, Sequence[Service]],
    args: EnvironmentContext,
    extra: Sequence[Flow],
    callers: Sequence[Peer],
) -> MonitoredSystems:
    """What the monitoring looks at: the systems with their `services`, `extra` targets, the ways in, and `callers`."""
    routing = args.routing
    namespace = INGRESS_NAMESPACE if routing.mesh == "none" else routing.gateway_namespace
    entries = {one.name: one.routes[0].host for one in systems if one.routes}
    return MonitoredSystems(
        targets=[*metrics_targets(systems, services, routing), *extra],
        hooks=alert_hooks(systems),
        systems=systems,
        public={name: f"https://{host}.{args.domain}" for name, host in entries.items()},
        # A gateway's pods may listen on another port than its Service.
        gateways=[Flow(peer=Peer(namespace=namespace), ports=(443, 8443))],
        callers=callers,
    )


def metrics_targets(
    systems: Iterable[Declaration], services: Mapping[str, Sequence[Service]], routing: Routing
) -> list[Flow]:
    """Where Prometheus reads metrics: the systems' `services`, and their stores."""
    return [
        Flow(peer=Peer(namespace=one.name), ports=_metrics_ports(one, scraped_ports(services[one.name]), routing))
        for one in systems
    ]


def alert_hooks(systems: Iterable[Declaration]) -> list[Hook]:
    """Whom Alertmanager tells of alerts before people read of them."""
    return [_hook(system, system.alert_hook) for system in systems if system.alert_hook]


def _hook(system: Declaration, hook: AlertHook) -> Hook:
    (port,) = (service.ports["http"] for service in system.services if service.name == hook.service)
    peer = Peer(namespace=system.name, pods={"app.kubernetes.io/name": hook.service})
    return Hook(
        system=system.name,
        url=f"http://{hook.service}.{system.name}.svc.cluster.local:{port}{hook.path}",
        alerts=hook.alerts,
        flow=Flow(peer=peer, ports=(port,)),
    )


def _metrics_ports(system: Declaration, served: Sequence[int], routing: Routing) -> tuple[int, ...]:
    ports = list(served)
    ports += [port for store in system.every_store for port in store.facts.ports]
    if routing.mesh == "istio":
        ports.append(PROXY_METRICS_PORT)
    return tuple(dict.fromkeys(ports))
