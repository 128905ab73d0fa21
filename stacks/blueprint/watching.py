"""What monitoring has to reach in the environment's systems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from components import cache, database, object_storage
from components.network import Flow, Peer
from components.routing import mesh
from stacks.blueprint.declaration import Declaration
from stacks.releases import Routing
from stacks.services import Service
from stacks.workloads.arguments import scraped_ports


def metrics_targets(
    systems: Iterable[Declaration], services: Mapping[str, Sequence[Service]], routing: Routing
) -> list[Flow]:
    """Where Prometheus reads metrics: the systems' `services`, and their stores."""
    return [
        Flow(peer=Peer(namespace=one.name), ports=_metrics_ports(one, scraped_ports(services[one.name]), routing))
        for one in systems
    ]


def alert_receivers(systems: Iterable[Declaration]) -> list[Flow]:
    """Whom Alertmanager tells of alerts."""
    found = list[Flow]()
    for system in systems:
        for service in system.services:
            if system.alert_hook and service.name == system.alert_hook.service:
                peer = Peer(namespace=system.name, pods={"app.kubernetes.io/name": service.name})
                found.append(Flow(peer=peer, ports=(service.ports["http"],)))
    return found


def _metrics_ports(system: Declaration, served: Sequence[int], routing: Routing) -> tuple[int, ...]:
    ports = list(served)
    if system.database:
        ports += [database.METRICS_PORT, database.POOLER_METRICS_PORT]
    if system.cache:
        ports.append(cache.METRICS_PORT)
    if system.keeps_objects:
        ports.append(object_storage.PORT)
    if routing.mesh == "istio":
        ports.append(mesh.METRICS_PORT)
    return tuple(dict.fromkeys(ports))
