"""From a system's services to its part of the mesh: who is in it, who may call whom, and where traffic enters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pulumi

from components.application import ApplicationArgs
from components.naming import Scope
from components.routing.entry import EntryArgs, MeshEntry, ServiceRoute
from components.routing.mesh import Member, MeshArgs, MeshBaseline
from components.routing.release import Entry
from stacks.composition import Surroundings, pods
from stacks.services import Service
from stacks.workloads.ports import all_ports

if TYPE_CHECKING:
    from stacks.blueprint.args import SystemArgs


def mesh_baseline(name: str, arguments: MeshArgs | None, opts: pulumi.ResourceOptions) -> None:
    """The mesh's objects for a system, where its environment has Istio's."""
    if arguments:
        MeshBaseline(f"{name}-mesh", arguments, opts)


def mesh_args(
    services: Sequence[Service], around: Surroundings, *, groups: Sequence[str], webhook: str
) -> MeshArgs | None:
    """What the mesh is told. `groups` are services without a Service of their name; `webhook` is the path by which
    Alertmanager, which is outside the mesh, tells those that it alerts."""
    if around.routing.mesh != "istio":
        return None
    members = [_member(one, services, around, groups, webhook) for one in services]
    return MeshArgs(scope=around.scope, members=members, locality=around.tier.zones > 1)


def _member(
    service: Service, services: Sequence[Service], around: Surroundings, groups: Sequence[str], webhook: str
) -> Member:
    routing, namespace = around.routing, around.scope.namespace
    callers = [f"{namespace}/{other.name}" for other in services if service.name in other.calls]
    entry = around.entries.get(service.name)
    outside = [f"{routing.gateway_namespace}/{routing.gateway_account}"] if entry else []
    return Member(
        name=service.name,
        pods=pods(around.scope, service),
        ports=tuple(service.ports.values()),
        port=_port(service),
        callers=[*callers, *outside],
        open_paths=[webhook] if service.name in around.alerted else [],
        service=service.name not in groups,
        routed=service.release is not None and service.release.strategy != "rolling",
        entry=entry,
    )


def _port(service: Service) -> int:
    ports = all_ports(service.ports, service.service_ports)
    return ports.exposed[ports.main].port


def mesh_entry(
    name: str,
    args: SystemArgs,
    scope: Scope,
    applications: Sequence[ApplicationArgs],
    exposed: Mapping[str, Entry],
    *,
    opts: pulumi.ResourceOptions,
) -> MeshEntry:
    """The way in through the mesh; `exposed` is where it leads to each service."""
    releases = {one.name: one.release for one in applications if one.release}
    ports = {one.name: one.port for one in applications}
    further = [one.entry.host for one in releases.values() if one.entry]
    hosts = list(dict.fromkeys([*(entry.host for entry in exposed.values()), *further]))
    routes = [
        ServiceRoute(service=service, port=ports[service], entry=entry)
        for service, entry in exposed.items()
        if service not in releases
    ]
    arguments = EntryArgs(
        scope=scope,
        mesh=args.routing.mesh,
        hosts=hosts,
        namespace=args.routing.gateway_namespace,
        gateway_class=args.routing.gateway_class,
        cluster_issuer=args.tier.cluster_issuer,
        routes=routes,
    )
    return MeshEntry(name, arguments, opts)
