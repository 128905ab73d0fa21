"""From what an environment says of a release to what the components are told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pulumi

from components.application import ApplicationArgs
from components.naming import Scope
from components.routing import release as components
from components.routing.release import GATEWAY_NAME, Entry
from stacks.releases.config import Release, Routing, thresholds

if TYPE_CHECKING:
    from stacks.blueprint.args import SystemArgs
    from stacks.blueprint.declaration import Route


def released(config: Release | None, routing: Routing, entry: Entry | None, scope: Scope) -> components.Release | None:
    """What a component is told of a service's release; None where its pods are exchanged by a rolling update.

    `entry` is where traffic from outside enters for the service; a host of its own in the configuration replaces it.
    """
    if config is None or config.strategy == "rolling":
        return None
    if config.host:
        entry = Entry(host=config.host, gateway=_gateway(scope))
    hooks = [components.Webhook(**hook.model_dump()) for hook in config.webhooks]
    if config.approval and routing.controller == "flagger":
        # This gate never opens by itself; `ops canary promote` goes past it.
        gate = f"{routing.load_tester}/gate/halt"
        hooks.append(components.Webhook(name="approval", type="confirm-promotion", url=gate))
    return components.Release(
        strategy=config.strategy,
        mesh=routing.mesh,
        controller=routing.controller,
        steps=tuple(config.steps) if config.strategy == "canary" else (),
        checks=config.checks,
        interval=config.interval,
        window=f"{config.window}s",
        failures=config.failures,
        metrics=[components.Metric(template=name, maximum=most) for name, most in thresholds(config).items()],
        headers=dict(config.headers),
        cookie=components.Cookie(**config.cookie.model_dump()) if config.cookie else None,
        mirror=config.mirror,
        approval=config.approval,
        webhooks=hooks,
        alert=config.alert,
        maximum_duration=config.maximum_duration,
        entry=entry,
    )


def entries(args: SystemArgs, scope: Scope, routes: Sequence[Route]) -> dict[str, Entry]:
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
    name: str, args: SystemArgs, applications: Sequence[ApplicationArgs], opts: pulumi.ResourceOptions
) -> None:
    """What the releases of a system's applications share, if Flagger carries any of them out."""
    releases = [one.release for one in applications if one.release and one.release.controller == "flagger"]
    if releases:
        # Only here, as with the rest of what a release needs.
        from components.routing.analysis import ReleaseAnalysis, ReleaseAnalysisArgs

        arguments = ReleaseAnalysisArgs(
            scope=args.scope(name), releases=releases, prometheus=args.prometheus, store=args.store
        )
        ReleaseAnalysis(f"{name}-releases", arguments, opts)
