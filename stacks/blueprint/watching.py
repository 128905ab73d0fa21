"""What monitoring has to reach in the environment's systems."""

from __future__ import annotations

from collections.abc import Iterable

from components import cache, database, object_storage
from components.network import Flow, Peer
from components.routing import mesh
from stacks.blueprint.declaration import Declaration
from stacks.composition import metrics
from stacks.releases import Routing

# On the Services that an environment adds, until it says otherwise.
_HTTP_PORT = 8000


def metrics_targets(systems: Iterable[Declaration], routing: Routing) -> list[Flow]:
    """Where Prometheus reads metrics: the systems' services, and their stores."""
    return [Flow(peer=Peer(namespace=one.name), ports=_metrics_ports(one, routing)) for one in systems]


def alert_receivers(systems: Iterable[Declaration]) -> list[Flow]:
    """Whom Alertmanager tells of alerts."""
    found = list[Flow]()
    for system in systems:
        for service in system.services:
            if system.alert_hook and service.name == system.alert_hook.service:
                peer = Peer(namespace=system.name, pods={"app.kubernetes.io/name": service.name})
                found.append(Flow(peer=peer, ports=(service.ports["http"],)))
    return found


def _metrics_ports(system: Declaration, routing: Routing) -> tuple[int, ...]:
    served = [service.ports[end.port] for service in system.everyone for end in metrics(service)]
    ports = [_HTTP_PORT, *served]
    if system.database:
        ports += [database.METRICS_PORT, database.POOLER_METRICS_PORT]
    if system.cache:
        ports.append(cache.METRICS_PORT)
    if system.keeps_objects:
        ports.append(object_storage.PORT)
    if routing.mesh == "istio":
        ports.append(mesh.METRICS_PORT)
    return tuple(dict.fromkeys(ports))
