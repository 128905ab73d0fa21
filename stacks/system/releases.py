"""What the releases of a system are told, and its part of the mesh: who is in it, and who may call whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pulumi

from components.kubernetes.naming import Scope
from components.traffic.gateway import EntryArgs, MeshEntry, ServiceRoute
from components.traffic.mesh import Member, MeshArgs, MeshBaseline
from components.traffic.release import GATEWAY_NAME, Entry, Metric, Release, ReleaseWebhook
from components.workload import ApplicationArgs
from stacks.schema.releases import ReleaseConfig, Routing, thresholds
from stacks.schema.service.ports import all_ports
from stacks.schema.service.service import Service
from stacks.system.flows import ServiceContext, entered, pods
from stacks.system.scraping import merged_metrics

if TYPE_CHECKING:
    from stacks.system.declaration import Route
    from stacks.system.environment_context import EnvironmentContext


def released(config: ReleaseConfig | None, routing: Routing, entry: Entry | None, scope: Scope) -> Release | None:
    """What a component is told of a service's release; None where its pods are exchanged by a rolling update.

    `entry` is where traffic from outside enters for the service; a host of its own in the configuration replaces it.
    """
    if config is None or config.strategy == "rolling":
        return None
    if config.host:
        entry = Entry(host=config.host, gateway=_gateway(scope))
    hooks = list(config.webhooks)
    if config.approval and routing.controller == "flagger":
        # This gate never opens by itself; `ops canary promote` goes past it.
        gate = f"{routing.load_tester}/gate/halt"
        hooks.append(ReleaseWebhook(name="approval", type="confirm-promotion", url=gate))
    return Release(
        strategy=config.strategy,
        mesh=routing.mesh,
        controller=routing.controller,
        steps=tuple(config.steps) if config.strategy == "canary" else (),
        checks=config.checks,
        interval=config.interval,
        window=f"{config.window}s",
        failures=config.failures,
        metrics=[Metric(template=name, maximum=most) for name, most in thresholds(config).items()],
        headers=dict(config.headers),
        cookie=config.cookie,
        mirror=config.mirror,
        approval=config.approval,
        webhooks=hooks,
        alert=config.alert,
        maximum_duration=config.maximum_duration,
        entry=entry,
    )


def entries(args: EnvironmentContext, scope: Scope, routes: Sequence[Route]) -> dict[str, Entry]:
    """Where the mesh lets traffic from outside in, by service: each has one host, and there one path or more."""
    if args.routing.mesh == "none":
        return {}
    found: dict[str, Entry] = {}
    for route in routes:
        before = found.get(route.service)
        paths = (*(before.paths if before else ()), route.path)
        found[route.service] = Entry(host=f"{route.host}.{args.domain}", gateway=_gateway(scope), paths=paths)
    return found


def _gateway(scope: Scope) -> str:
    return f"{scope.namespace}/{GATEWAY_NAME}"


def release_analysis(
    name: str, args: EnvironmentContext, applications: Sequence[ApplicationArgs], opts: pulumi.ResourceOptions
) -> None:
    """What the releases of a system's applications share, if Flagger carries any of them out."""
    releases = [one.release for one in applications if one.release and one.release.controller == "flagger"]
    if releases:
        # Only here, as with the rest of what a release needs.
        from components.traffic.flagger import ReleaseAnalysis, ReleaseAnalysisArgs

        arguments = ReleaseAnalysisArgs(
            scope=args.scope(name), releases=releases, prometheus=args.prometheus, store=args.store
        )
        ReleaseAnalysis(f"{name}-releases", arguments, opts)


def mesh_baseline(name: str, arguments: MeshArgs | None, opts: pulumi.ResourceOptions) -> None:
    """The mesh's objects for a system, where its environment has Istio's."""
    if arguments:
        MeshBaseline(f"{name}-mesh", arguments, opts)


def mesh_args(
    services: Sequence[Service], context: ServiceContext, *, groups: Sequence[str], webhook: str
) -> MeshArgs | None:
    """What the mesh is told. `groups` are services without a Service of their name; `webhook` is the path by which
    Alertmanager, which is outside the mesh, tells those that it alerts."""
    if context.routing.mesh != "istio":
        return None
    members = [_member(one, services, context, groups, webhook) for one in services]
    return MeshArgs(scope=context.scope, members=members, locality=context.tier.zones > 1)


def _member(
    service: Service, services: Sequence[Service], context: ServiceContext, groups: Sequence[str], webhook: str
) -> Member:
    routing, namespace = context.routing, context.scope.namespace
    callers = [f"{namespace}/{other.name}" for other in services if service.name in other.calls]
    outside = [f"{routing.gateway_namespace}/{routing.gateway_account}"] if entered(service, context) else []
    merged = merged_metrics(service)
    return Member(
        name=service.name,
        pods=pods(context.scope, service),
        ports=tuple(service.ports.values()),
        port=_port(service),
        callers=[*callers, *outside],
        open_paths=[webhook] if service.name in context.alerted else [],
        service=service.name not in groups,
        routed=service.release is not None and service.release.strategy != "rolling",
        entry=context.entries.get(service.name),
        requests_per_minute=context.requests_per_minute if entered(service, context) else None,
        scrape_interval=merged.interval if merged else None,
        scrape_timeout=merged.timeout if merged else None,
    )


def _port(service: Service) -> int:
    ports = all_ports(service.ports, service.service_ports)
    return ports.exposed[ports.main].port


def mesh_entry(
    name: str,
    args: EnvironmentContext,
    scope: Scope,
    applications: Sequence[ApplicationArgs],
    exposed: Mapping[str, Entry],
    *,
    opts: pulumi.ResourceOptions,
) -> MeshEntry:
    """The way in through the mesh; `exposed` is where it leads to each service."""
    releases = {one.name: one.release for one in applications if one.release}
    ports = {one.name: one.port for one in applications}
    own_hosts = [one.entry.host for one in releases.values() if one.entry]
    hosts = list(dict.fromkeys([*(entry.host for entry in exposed.values()), *own_hosts]))
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
