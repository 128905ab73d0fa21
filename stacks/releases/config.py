"""How the versions of a service are exchanged: the key `release` of a service, or of its size in an environment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from components.routing.metrics import DEFAULTS, TEMPLATES
from components.routing.release import Controller, HookType, Mesh
from stacks.types import HostName, Model, Name, Problem, Seconds, Text, Url, seconds

Strategy = Literal["rolling", "canary", "blue-green", "ab"]
Weight = Annotated[int, Field(ge=1, le=100)]
# The federated-risk document gives a canary 10 %, and looks every 30 s for five minutes: that is ten checks. Here each
# good one raises the share.
_STEPS = (10, 15, 20, 25, 30, 35, 40, 45, 50, 55)


class Routing(Model):
    """By what traffic is split in the environment: `mesh`, and who moves the weights of a release.

    `controller` none: `ops canary` does. `gateway_class` is that of Gateway API, `gateway_namespace` where the pods of
    the gateway run and `gateway_account` their service account. `load_tester` is the URL of Flagger's load tester,
    whose gates an approval needs under Flagger.
    """

    mesh: Mesh = "none"
    controller: Controller = "none"
    gateway_class: Name = "istio"
    gateway_namespace: Name = "istio-ingress"
    gateway_account: Name = "istio-ingress"
    load_tester: Url | None = None


class CookieAffinity(Model):
    """The cookie by which a client stays with the version that it was given."""

    name: Name
    max_age: Seconds = 86400


class Hook(Model):
    """A webhook: Flagger's types of moment, its body, and that anything but 2xx is a refusal."""

    name: Name
    type: HookType
    url: Url
    timeout: Seconds = 30
    metadata: Mapping[str, str] = {}


class Release(Model):
    """How the versions of one service are exchanged; see `components.routing.release.Release` for each figure."""

    strategy: Strategy
    steps: Sequence[Weight] = _STEPS
    checks: Annotated[int, Field(ge=1, le=1000)] = 10
    interval: Seconds = 30
    window: Seconds = 120
    failures: Annotated[int, Field(ge=1, le=100)] = 1
    metrics: Mapping[str, Annotated[float, Field(ge=0)]] = {}
    headers: Mapping[str, Text] = {}
    cookie: CookieAffinity | None = None
    mirror: bool = False
    approval: bool = False
    webhooks: Sequence[Hook] = ()
    alert: Text | None = None
    maximum_duration: Seconds = 3600
    host: HostName | None = None

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """Steps that do not rise, metrics that nobody knows, and what its strategy cannot do."""
        yield from _not_rising(data.get("steps"))
        yield from _unknown_metrics(data.get("metrics"))
        yield from _of_strategy(data)
        yield from _too_long(data)


def _not_rising(steps: Any) -> Iterable[Problem]:
    numbers = steps if isinstance(steps, list | tuple) else ()
    if isinstance(steps, list | tuple) and not steps:
        yield Problem(("steps",), "must have one weight at least")
    for index in range(1, len(numbers)):
        before, this = numbers[index - 1], numbers[index]
        if isinstance(before, int) and isinstance(this, int) and this <= before:
            message = f"weight {this} does not rise above {before}, the step before it"
            yield Problem(("steps", index), message, this)


def _unknown_metrics(metrics: Any) -> Iterable[Problem]:
    for name in metrics if isinstance(metrics, Mapping) else ():
        if name not in TEMPLATES:
            known = ", ".join(f"{one.name} ({one.unit})" for one in TEMPLATES.values())
            yield Problem(("metrics", str(name)), f"there is no metric template {name!r}; templates are: {known}")


def _of_strategy(data: Mapping[str, Any]) -> Iterable[Problem]:
    strategy = data.get("strategy")
    if strategy == "rolling":
        for key in data:
            if key != "strategy" and key in Release.model_fields:
                yield Problem((key,), "a rolling update has no such figure; remove it, or choose another strategy")
    if strategy == "ab" and not data.get("headers"):
        yield Problem(("headers",), "missing; strategy 'ab' needs the headers by which requests go to the candidate")
    if strategy == "blue-green" and data.get("headers"):
        yield Problem(
            ("headers",), "a blue-green release sends everything at once; choose 'canary' or 'ab' for headers"
        )
    if strategy in ("blue-green", "ab"):
        for key in sorted({"steps", "cookie"} & data.keys()):
            yield Problem((key,), f"strategy {strategy!r} moves no weights; remove it, or choose 'canary'")
    if strategy == "canary" and "checks" in data:
        yield Problem(("checks",), "a canary is checked once at each of its 'steps'; remove it")


def _too_long(data: Mapping[str, Any]) -> Iterable[Problem]:
    """A release that could not end in time even if all went well."""
    values = {
        key: data.get(key, Release.model_fields[key].default) for key in ("interval", "maximum_duration", "checks")
    }
    steps = data.get("steps", _STEPS)
    try:
        interval, most = seconds(values["interval"]), seconds(values["maximum_duration"])
        count = len(steps) if data.get("strategy") == "canary" else int(values["checks"])
    except (TypeError, ValueError):
        return
    if data.get("strategy") != "rolling" and count * interval > most:
        message = (
            f"{count} checks, one every {interval} s, take {count * interval} s: more than maximum_duration, {most} s"
        )
        yield Problem(("interval",), message)


def thresholds(release: Release) -> Mapping[str, float]:
    """The most that each metric may be: the document's figures, and what the environment says otherwise or besides."""
    return {**DEFAULTS, **release.metrics}
