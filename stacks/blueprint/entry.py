"""The way into a system from outside: an Ingress, or the gateway of the environment's mesh."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from components.ingress import Backend, HttpIngress, IngressArgs
from stacks.blueprint.args import SystemArgs
from stacks.blueprint.plan import Plan
from stacks.releases.arguments import entries
from stacks.releases.mesh import mesh_entry


def enter(plan: Plan, args: SystemArgs, opts: pulumi.ResourceOptions) -> str:
    """Register it; returns the URL of the first host, "" for a system that nobody reaches from outside."""
    routes, name = plan.declaration.routes, plan.declaration.name
    if not routes:
        return ""
    if args.routing.mesh == "none":
        return HttpIngress(f"{name}-{routes[0].host.partition('.')[0]}", _ingress(plan, args), opts).url
    exposed = entries(args, plan.scope, routes)
    return mesh_entry(f"{name}-entry", args, plan.scope, plan.services, exposed, opts=opts).url


def _ingress(plan: Plan, args: SystemArgs) -> IngressArgs:
    declaration = plan.declaration
    return IngressArgs(
        scope=plan.scope,
        component=declaration.routes[0].service,
        hosts={
            f"{host}.{args.domain}": _backends(plan, host) for host in {one.host: None for one in declaration.routes}
        },
        tls_secret_name=declaration.tls_secret or f"{declaration.name}-tls",
        class_name=args.ingress_class,
        cluster_issuer=args.tier.cluster_issuer,
        requests_per_minute=declaration.requests_per_minute,
    )


def _backends(plan: Plan, host: str) -> Sequence[Backend]:
    ports = {service.name: service.port for service in plan.services}
    return [
        Backend(path=route.path, service=route.service, port=ports[route.service])
        for route in plan.declaration.routes
        if route.host == host
    ]
