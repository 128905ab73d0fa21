"""Which receiver is told: the tree of routes, inhibition and maintenance windows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from components.observability import promql
from components.observability.routing.channels import Receiver


@dataclass(frozen=True, kw_only=True)
class Matcher:
    """A condition on a label: `=`, `!=`, `=~` or `!~` (anchored regular expressions)."""

    label: str
    value: str
    operator: Literal["=", "!=", "=~", "!~"] = "="

    def as_spec(self) -> dict[str, str]:
        """The entry of an AlertmanagerConfig."""
        return {"name": self.label, "matchType": self.operator, "value": self.value}


@dataclass(frozen=True, kw_only=True)
class Route:
    """Alerts that match all `matchers` go to `receiver`; with `proceed` the routes after it are tried as well.

    Timings are Prometheus durations; what is None is inherited. `muted` names the maintenance windows in which
    nothing is sent.
    """

    receiver: str
    matchers: Sequence[Matcher] = ()
    proceed: bool = False
    group_by: Sequence[str] = ()
    group_wait: str | None = None
    group_interval: str | None = None
    repeat_interval: str | None = None
    muted: Sequence[str] = ()
    routes: Sequence[Route] = ()

    def as_spec(self) -> dict[str, Any]:
        """The route of an AlertmanagerConfig."""
        optional = {
            "matchers": [matcher.as_spec() for matcher in self.matchers],
            "continue": self.proceed,
            "groupBy": list(self.group_by),
            "groupWait": self.group_wait,
            "groupInterval": self.group_interval,
            "repeatInterval": self.repeat_interval,
            "muteTimeIntervals": list(self.muted),
            "routes": [route.as_spec() for route in self.routes],
        }
        return {"receiver": self.receiver} | {key: value for key, value in optional.items() if value}


@dataclass(frozen=True, kw_only=True)
class Inhibition:
    """While an alert of `source` fires, those of `target` that agree with it in all labels of `equal` are not sent."""

    source: Sequence[Matcher]
    target: Sequence[Matcher]
    equal: Sequence[str]

    def as_spec(self) -> dict[str, Any]:
        """The entry of an AlertmanagerConfig."""
        return {
            "sourceMatch": [matcher.as_spec() for matcher in self.source],
            "targetMatch": [matcher.as_spec() for matcher in self.target],
            "equal": list(self.equal),
        }


@dataclass(frozen=True, kw_only=True)
class Window:
    """A recurring maintenance window in UTC, such as `saturday` from `20:00` to `22:00`."""

    name: str
    weekdays: Sequence[str]
    start: str
    end: str

    def as_spec(self) -> dict[str, Any]:
        """The entry of an AlertmanagerConfig."""
        times = [{"startTime": self.start, "endTime": self.end}]
        return {"name": self.name, "timeIntervals": [{"times": times, "weekdays": list(self.weekdays)}]}


@dataclass(frozen=True, kw_only=True)
class Routing:
    """The whole of it. `secrets` are the keys of every Secret that the environment makes for the receivers.

    Raises ValueError, with the receiver or route, for a receiver that is missing or double, a Secret or key that
    nobody makes, a window that there is not, a duration that is none.
    """

    root: Route
    receivers: Sequence[Receiver]
    inhibitions: Sequence[Inhibition] = ()
    windows: Sequence[Window] = ()
    secrets: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        problems = [*self._receiver_problems(), *self._route_problems(self.root, "route")]
        if problems:
            raise ValueError("; ".join(problems))

    def _receiver_problems(self) -> Iterator[str]:
        names = [receiver.name for receiver in self.receivers]
        yield from (f"receiver {name!r} is declared twice" for name in sorted({n for n in names if names.count(n) > 1}))
        for receiver in self.receivers:
            for secret in receiver.secrets():
                if secret.key not in self.secrets.get(secret.name, ()):
                    yield f"receiver {receiver.name!r}: there is no Secret {secret.name!r} with a key {secret.key!r}"

    def _route_problems(self, route: Route, place: str) -> Iterator[str]:
        known = {receiver.name for receiver in self.receivers}
        if route.receiver not in known:
            yield f"{place}: there is no receiver {route.receiver!r}; there are {', '.join(sorted(known))}"
        windows = {window.name for window in self.windows}
        for window in set(route.muted) - windows:
            yield f"{place}: there is no maintenance window {window!r}"
        for duration in (route.group_wait, route.group_interval, route.repeat_interval):
            try:
                promql.seconds(duration or "1s")
            except ValueError as error:
                yield f"{place}: {error}"
        for index, below in enumerate(route.routes):
            yield from self._route_problems(below, f"{place}.routes[{index}]")

    def as_spec(self) -> dict[str, Any]:
        """The `spec` of an AlertmanagerConfig."""
        return {
            "route": self.root.as_spec(),
            "receivers": [receiver.as_spec() for receiver in self.receivers],
            **({"inhibitRules": [one.as_spec() for one in self.inhibitions]} if self.inhibitions else {}),
            **({"muteTimeIntervals": [one.as_spec() for one in self.windows]} if self.windows else {}),
        }
