"""Who is told of an alert, as data: channels and receivers, the tree of routes, inhibition and maintenance windows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from components.monitoring import promql

_SUMMARY = "{{ .CommonAnnotations.summary }}"
_TITLE = "{{ .CommonLabels.alertname }} ({{ .CommonLabels.system }})"
_TEXT = (
    "{{ range .Alerts }}{{ .Annotations.summary }}\n{{ .Annotations.description }}\n"
    "{{ .Annotations.runbook_url }}\n{{ end }}"
)


@dataclass(frozen=True, kw_only=True)
class SecretKey:
    """A key of a Secret in the namespace of Alertmanager: no receiver has a credential of its own."""

    name: str
    key: str

    def as_spec(self) -> dict[str, str]:
        """The selector of it."""
        return {"name": self.name, "key": self.key}


@dataclass(frozen=True, kw_only=True)
class PagerDuty:
    """Wakes somebody: `service_key` is the integration key of a PagerDuty service."""

    service_key: SecretKey

    def as_spec(self) -> tuple[str, dict[str, Any]]:
        """The list of an AlertmanagerConfig's receiver that it belongs to, and its entry there."""
        return "pagerdutyConfigs", {"serviceKey": self.service_key.as_spec(), "description": _SUMMARY}


@dataclass(frozen=True, kw_only=True)
class Slack:
    """Writes to a channel such as `#alerts-warnings` by the webhook `api_url`."""

    api_url: SecretKey
    channel: str

    def as_spec(self) -> tuple[str, dict[str, Any]]:
        """As PagerDuty's."""
        text = {"channel": self.channel, "title": _TITLE, "text": _TEXT}
        return "slackConfigs", {"apiURL": self.api_url.as_spec(), **text}


@dataclass(frozen=True, kw_only=True)
class Email:
    """Writes to addresses, through `smarthost` (host:port, STARTTLS) as `username`."""

    to: Sequence[str]
    sender: str
    smarthost: str
    username: str
    password: SecretKey

    def as_spec(self) -> tuple[str, dict[str, Any]]:
        """As PagerDuty's."""
        return "emailConfigs", {
            "to": ",".join(self.to),
            "from": self.sender,
            "smarthost": self.smarthost,
            "authUsername": self.username,
            "authPassword": self.password.as_spec(),
            "requireTLS": True,
            "headers": [{"key": "Subject", "value": _TITLE}],
            "text": _TEXT,
        }


@dataclass(frozen=True, kw_only=True)
class WeCom:
    """Writes to a party (department) of WeCom through its application `agent_id`."""

    corporation: str
    agent_id: str
    party: str
    api_secret: SecretKey

    def as_spec(self) -> tuple[str, dict[str, Any]]:
        """As PagerDuty's."""
        target = {"corpID": self.corporation, "agentID": self.agent_id, "toParty": self.party}
        return "wechatConfigs", {**target, "apiSecret": self.api_secret.as_spec(), "message": _TEXT}


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """Posts Alertmanager's JSON: to a `url` of the cluster, or to one whose address is itself a credential."""

    url: str | SecretKey

    def as_spec(self) -> tuple[str, dict[str, Any]]:
        """As PagerDuty's."""
        where = {"url": self.url} if isinstance(self.url, str) else {"urlSecret": self.url.as_spec()}
        return "webhookConfigs", where


Channel = PagerDuty | Slack | Email | WeCom | Webhook


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """Whoever is told, on all of the `channels`. Every one of them also says when an alert is over."""

    name: str
    channels: Sequence[Channel] = ()

    def as_spec(self) -> dict[str, Any]:
        """The entry of an AlertmanagerConfig."""
        spec: dict[str, Any] = {"name": self.name}
        for channel in self.channels:
            where, entry = channel.as_spec()
            spec.setdefault(where, []).append({**entry, "sendResolved": True})
        return spec

    def secrets(self) -> Iterator[SecretKey]:
        """Every key of a Secret that it needs."""
        for channel in self.channels:
            yield from (value for value in vars(channel).values() if isinstance(value, SecretKey))


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


__all__ = [
    "Email",
    "Inhibition",
    "Matcher",
    "PagerDuty",
    "Receiver",
    "Route",
    "Routing",
    "SecretKey",
    "Slack",
    "WeCom",
    "Webhook",
    "Window",
]
