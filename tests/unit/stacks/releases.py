"""Environments with releases in them, as text: every mesh with every controller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.unit.recordings import with_systems
from tests.unit.scratch import as_text

ALL: dict[str, dict[str, Any]] = {
    "canary": {"strategy": "canary", "steps": [10, 50], "cookie": {"name": "version"}, "mirror": True},
    "ab": {"strategy": "ab", "headers": {"canary": "true"}},
    "blue-green": {"strategy": "blue-green", "mirror": True},
}
SERVICES = {"canary": "auth-service", "ab": "tenant-service", "blue-green": "api-gateway"}


def environment(routing: Mapping[str, Any], releases: Mapping[str, Mapping[str, Any]], stack: str = "dev") -> str:
    """The file of `stack` with these releases, by service of AstrBot, and without other systems."""
    sizes = {service: {"release": dict(release)} for service, release in releases.items()}
    document = with_systems(stack, astrbot={"sizes": sizes})
    document["config"]["saas-platform:routing"] = dict(routing)
    return as_text(document)


def everything(mesh: str, controller: str, stack: str) -> str:
    """Every strategy at once, with all that it may say."""
    releases: dict[str, dict[str, Any]] = {SERVICES[name]: dict(release) for name, release in ALL.items()}
    routing = {"mesh": mesh, "controller": controller}
    if controller == "flagger":
        routing["load_tester"] = "http://flagger-loadtester.flagger-system"
        # Flagger cannot tell requests with a cookie from copied ones.
        del releases["auth-service"]["mirror"]
        releases["auth-service"] |= {"approval": True, **({"alert": "#releases"} if stack != "dev" else {})}
        hook = {"name": "load", "type": "rollout", "url": "http://flagger-loadtester.flagger-system/"}
        releases["tenant-service"]["webhooks"] = [{**hook, "timeout": "5s", "metadata": {"cmd": "hey http://x"}}]
    else:
        releases["auth-service"]["headers"] = {"canary": "true"}
        releases["session-service"] = {"strategy": "canary", "host": "sessions.example.com"}
    return environment(routing, releases, stack)
