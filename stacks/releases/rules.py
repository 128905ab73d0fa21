"""What the releases of an environment must agree on: with each other, with the replicas, and with its routing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from stacks.types import Problem


def replica_problems(data: Mapping[str, Any], built_in: Mapping[str, int]) -> Iterable[Problem]:
    """Canaries of services with one pod, in the raw keys `services` and `sizes` of a system.

    `built_in` are the replicas of the services that it has anyway.
    """
    replicas: dict[str, Any] = dict(built_in)
    for _, entry in _entries(data, "services"):
        replicas[str(entry.get("name"))] = entry.get("replicas")
    sizes = {str(name): entry for (_, name), entry in _entries(data, "sizes")}
    replicas |= {name: entry["replicas"] for name, entry in sizes.items() if entry.get("replicas") is not None}
    for path, entry in (*_entries(data, "services"), *_entries(data, "sizes")):
        release, name = entry.get("release"), str(entry.get("name") if path[0] == "services" else path[1])
        if isinstance(release, Mapping) and release.get("strategy") == "canary" and replicas.get(name) == 1:
            message = f"service {name!r} has 1 replica: a canary needs 2, so that a weight is a share of them"
            yield Problem((*path, "release", "strategy"), message)


def routing_problems(file: Mapping[str, Any], entries: Mapping[str, str]) -> Iterable[Problem]:
    """What the releases of all systems ask of the environment's routing, and hosts that two of them claim.

    `entries` are the systems' own hosts, below the environment's domain, each with the system's title.
    """
    routing = file.get("routing")
    raw: Mapping[str, Any] = routing if isinstance(routing, Mapping) else {}
    hosts = {f"{host}.{file.get('domain')}": f"{title}'s own entry" for host, title in entries.items()}
    for path, release in all_releases(file):
        yield from (problem._replace(path=(*path, *problem.path)) for problem in _unsupported(release, raw, file))
        host = release.get("host")
        if isinstance(host, str):
            owner = hosts.setdefault(host, ".".join(map(str, path[:-1])))
            if owner != ".".join(map(str, path[:-1])):
                yield Problem((*path, "host"), f"host {host!r} is taken by {owner}: one host leads to one release")


def all_releases(file: Mapping[str, Any]) -> Iterable[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    """Every raw `release` of an environment's file with its path."""
    systems = file.get("systems")
    for system, data in systems.items() if isinstance(systems, Mapping) else ():
        if isinstance(data, Mapping):
            for path, entry in (*_entries(data, "services"), *_entries(data, "sizes")):
                if isinstance(entry.get("release"), Mapping):
                    yield ("systems", system, *path, "release"), entry["release"]


def _entries(data: Mapping[str, Any], key: str) -> Sequence[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    value = data.get(key)
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, list | tuple):
        items = enumerate(value)
    return [((key, index), entry) for index, entry in items if isinstance(entry, Mapping)]


def _unsupported(release: Mapping[str, Any], routing: Mapping[str, Any], file: Mapping[str, Any]) -> Iterable[Problem]:
    strategy, mesh = release.get("strategy"), routing.get("mesh", "none")
    if mesh == "none":
        if strategy in ("canary", "ab"):
            message = f"strategy {strategy!r} splits traffic, which needs routing.mesh: istio or gateway-api"
            yield Problem(("strategy",), message)
        for key in [name for name in ("mirror", "host") if release.get(name)]:
            yield Problem((key,), "needs routing.mesh: istio or gateway-api")
    if routing.get("controller", "none") == "flagger":
        yield from _unsupported_by_flagger(release, routing, file)
    elif release.get("alert") is not None:
        yield Problem(("alert",), "alerts are sent by Flagger; set routing.controller: flagger")


def _unsupported_by_flagger(
    release: Mapping[str, Any], routing: Mapping[str, Any], file: Mapping[str, Any]
) -> Iterable[Problem]:
    strategy, hooks = release.get("strategy"), release.get("webhooks")
    types = [one.get("type") for one in hooks if isinstance(one, Mapping)] if isinstance(hooks, list | tuple) else []
    if strategy == "canary" and release.get("headers"):
        message = "Flagger moves weights among matching requests alone; use strategy 'ab', or routing.controller: none"
        yield Problem(("headers",), message)
    if strategy == "blue-green" and not release.get("mirror") and "rollout" not in types:
        message = "Flagger switches after its checks, and without requests there is nothing to check: set mirror, or a "
        yield Problem(("strategy",), message + "webhook of type rollout that makes load")
    if release.get("mirror") and strategy != "blue-green":
        yield from _unmirrored(release, routing)
    if release.get("approval") and not routing.get("load_tester"):
        yield Problem(("approval",), "needs routing.load_tester, the URL of Flagger's load tester with its gates")
    if release.get("alert") is not None and not file.get("secret_store"):
        yield Problem(("alert",), "the address of the channel is a secret, and the environment has no secret_store")


def _unmirrored(release: Mapping[str, Any], routing: Mapping[str, Any]) -> Iterable[Problem]:
    """Where Flagger does not find its own mirroring again: it would begin with it for ever."""
    if release.get("strategy") == "ab":
        yield Problem(("mirror",), "Flagger copies no requests for strategy 'ab'; remove it, or choose 'blue-green'")
    elif routing.get("mesh") == "gateway-api":
        message = "over Gateway API Flagger copies requests for strategy 'blue-green' alone; remove it, or choose that"
        yield Problem(("mirror",), message)
    elif release.get("cookie"):
        yield Problem(("mirror",), "Flagger never gets past it together with 'cookie'; remove one of them")
