"""How the versions of a service are exchanged: the key `release`, and what the releases of one environment agree on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field

from components.traffic.metric_templates import DEFAULTS, TEMPLATES
from components.traffic.release import Controller, Cookie, Mesh, ReleaseWebhook
from stacks.schema.types import HostName, Model, Name, Problem, Seconds, Text, Url, one_of

Strategy = Literal["rolling", "canary", "blue-green", "ab"]
MetricTemplate = Annotated[str, one_of("metric template", TEMPLATES)]
Weight = Annotated[int, Field(ge=1, le=100)]
# The federated-risk document gives a canary 10 %, and looks every 30 s for five minutes: that is ten checks. Here each
# good one raises the share.
_STEPS = (10, 15, 20, 25, 30, 35, 40, 45, 50, 55)


class Routing(Model):
    """By what traffic is split in the environment."""

    mesh: Mesh = Field(
        "none", description="What splits traffic: Istio's mesh, an implementation of Gateway API, or nothing."
    )
    controller: Controller = Field(
        "none", description="Who moves the weights of a release: Flagger, or with `none` a person by `ops canary`."
    )
    gateway_class: Name = Field("istio", description="The GatewayClass, with `mesh: gateway-api`.")
    gateway_namespace: Name = Field("istio-ingress", description="The namespace in which the gateway's pods run.")
    gateway_account: Name = Field("istio-ingress", description="The service account of the gateway's pods.")
    load_tester: Url | None = Field(
        None, description="The URL of Flagger's load tester, whose gates an approval needs under Flagger."
    )


class ReleaseConfig(Model):
    """How the versions of one service are exchanged."""

    strategy: Strategy = Field(
        description="`rolling`: pod by pod. `canary`: by rising weights. `blue-green`: all at once, after checks. "
        "`ab`: the requests with certain headers, then all. Canary and ab need `routing.mesh`."
    )
    steps: Sequence[Weight] = Field(
        _STEPS,
        description="The candidate's weights in percent, none below the one before it; a canary is checked once at "
        "each, so that a weight that stands there ten times is held for ten checks. Flagger holds none: under it each "
        "rises by 1 % at the least.",
    )
    checks: Annotated[int, Field(ge=1, le=1000)] = Field(
        10, description="How many checks must be good before the promotion, for blue-green and ab."
    )
    interval: Seconds = Field(30, description="The time between two checks.")
    window: Seconds = Field(120, description="The time that a metric is taken over.")
    failures: Annotated[int, Field(ge=1, le=100)] = Field(
        1, description="After so many bad checks the candidate is taken back."
    )
    metrics: Mapping[MetricTemplate, Annotated[float, Field(ge=0)]] = Field(
        {},
        description="The most that each metric may be, by its template and in its unit: error-rate (%), "
        "latency-p95 and latency-p99 (s). By default error-rate 5 and latency-p95 1.",
    )
    headers: Mapping[str, Text] = Field(
        {}, description="The headers, with their values, by which requests go to the candidate. Needed for ab."
    )
    cookie: Cookie | None = Field(
        None, description="The cookie by which a client stays with the version that it was given, for canary."
    )
    mirror: bool = Field(
        False,
        description="Whether the candidate first gets copies of the requests, whose answers are dropped; needs a mesh.",
    )
    approval: bool = Field(
        False,
        description="Whether the promotion waits for `ops canary promote`; under Flagger this needs "
        "`routing.load_tester`.",
    )
    webhooks: Sequence[ReleaseWebhook] = Field((), description="What is called at moments of the release.")
    alert: Text | None = Field(
        None,
        description="The channel that Flagger tells of the release; needs `routing.controller: flagger` and a "
        "secret store.",
    )
    maximum_duration: Seconds = Field(3600, description="A release that has not ended by then is taken back.")
    host: HostName | None = Field(
        None,
        description="A host of its own, by which requests from outside are split too; needs a mesh. One host "
        "leads to one release.",
    )

    def contradictions(self) -> Iterable[Problem]:
        """Steps that fall, metrics that nobody knows, and what its strategy cannot do."""
        if not self.steps:
            yield Problem(("steps",), "must have one weight at least")
        for index, (before, this) in enumerate(pairwise(self.steps), start=1):
            if this < before:
                message = f"weight {this} is below {before}, the step before it"
                yield Problem(("steps", index), message, this)
        for name in self.metrics.keys() - TEMPLATES.keys():
            known = ", ".join(f"{one.name} ({one.unit})" for one in TEMPLATES.values())
            yield Problem(("metrics", name), f"there is no metric template {name!r}; templates are: {known}")
        yield from self._of_strategy(self.model_fields_set)
        yield from self._too_long()

    def _of_strategy(self, given: Collection[str]) -> Iterable[Problem]:
        strategy = self.strategy
        if strategy == "rolling":
            for key in sorted({*given} - {"strategy"}):
                yield Problem((key,), "a rolling update has no such figure; remove it, or choose another strategy")
        if strategy == "ab" and not self.headers:
            message = "missing; strategy 'ab' needs the headers by which requests go to the candidate"
            yield Problem(("headers",), message)
        if strategy == "blue-green" and self.headers:
            message = "a blue-green release sends everything at once; choose 'canary' or 'ab' for headers"
            yield Problem(("headers",), message)
        if strategy in ("blue-green", "ab"):
            for key in sorted({"steps", "cookie"} & {*given}):
                yield Problem((key,), f"strategy {strategy!r} moves no weights; remove it, or choose 'canary'")
        if strategy == "canary" and "checks" in given:
            yield Problem(("checks",), "a canary is checked once at each of its 'steps'; remove it")

    def _too_long(self) -> Iterable[Problem]:
        """A release that could not end in time even if all went well."""
        count, most = len(self.steps) if self.strategy == "canary" else self.checks, self.maximum_duration
        least = count * self.interval
        if self.strategy != "rolling" and least > most:
            message = (
                f"{count} checks, one every {self.interval} s, take {least} s: more than maximum_duration, {most} s"
            )
            yield Problem(("interval",), message)


def thresholds(release: ReleaseConfig) -> Mapping[str, float]:
    """The most that each metric may be: the document's figures, and what the environment says otherwise or besides."""
    return {**DEFAULTS, **release.metrics}


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
