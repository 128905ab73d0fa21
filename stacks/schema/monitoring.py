"""What an environment's file says of its monitoring: the key `monitoring`, with receivers, routes and windows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from components.monitoring import promql
from stacks.schema.types import Bytes, Model, Name, Problem, Text, Url, duplicates, matching

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")
_CHANNELS = ("pagerduty", "slack", "email", "wecom", "webhook")
# Those that there are without any configuration: stacks/monitoring/notifications.py.
BUILT_IN = (
    "default",
    "pagerduty",
    "critical-alerts",
    "slack-warnings",
    "backend-team-slack",
    "sre-team-wecom",
)


Clock = Annotated[str, matching(_CLOCK.pattern, "is no time of day: write it in quotes, in UTC, such as '20:00'")]
Address = Annotated[str, matching(r"[^@\s]+@[^@\s]+\.[^@\s]+", "is no address: write one such as ops@example.com")]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class PagerDutyConfig(Model):
    """`credential` is the name of the integration key in the environment's secret store."""

    credential: Name = "alerting-pagerduty-service-key"


class SlackConfig(Model):
    """A channel such as `#payments`, by the webhook whose address is `credential`."""

    channel: Text
    credential: Name = "alerting-slack-webhook-url"


class EmailConfig(Model):
    """Addresses, by the platform's own mail account."""

    to: Annotated[Sequence[Address], Field(min_length=1)]


class WeComConfig(Model):
    """A party (department) of WeCom, by its application."""

    party: Text
    corporation: Text = "saas-platform"
    agent_id: Text = "1000002"
    credential: Name = "alerting-wecom-api-secret"


class WebhookConfig(Model):
    """A `url`, or the `credential` whose value is one."""

    url: Url | None = None
    credential: Name | None = None

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """Both, or neither."""
        if (data.get("url") is None) is (data.get("credential") is None):
            yield Problem((), "name one of url and credential: a webhook has one address")


class ReceiverConfig(Model):
    """Somebody who is told, on one channel or several."""

    name: Name
    pagerduty: PagerDutyConfig | None = None
    slack: SlackConfig | None = None
    email: EmailConfig | None = None
    wecom: WeComConfig | None = None
    webhook: WebhookConfig | None = None

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """A receiver without a channel hears nothing."""
        if not any(name in data for name in _CHANNELS):
            yield Problem((), f"has no channel: give it one of {', '.join(_CHANNELS)}")
        if data.get("name") in BUILT_IN:
            yield Problem(("name",), f"receiver {data['name']!r} is one of the platform's own: take another name")


class RouteConfig(Model):
    """Alerts with all labels of `match` are told to `receiver` too, but not in the windows of `muted`."""

    receiver: Name
    match: Annotated[Mapping[Text, Text], Field(min_length=1)]
    muted: Sequence[Name] = ()


class Maintenance(Model):
    """A window that recurs on `weekdays`, from `start` to `end` (UTC)."""

    name: Name
    weekdays: Annotated[Sequence[Weekday], Field(min_length=1)]
    start: Clock
    end: Clock

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """A window over midnight is two windows."""
        start, end = data.get("start"), data.get("end")
        times = [one for one in (start, end) if isinstance(one, str) and _CLOCK.fullmatch(one)]
        if len(times) == 2 and times[0] >= times[1]:
            yield Problem(("end",), f"{end} is not after {start}: make two windows of one over midnight", end)


def receiver_problems(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Names that come twice, and routes to receivers and windows that there are not; `data` is raw."""
    for key, what in (("receivers", "receiver"), ("maintenance", "window")):
        for problem in duplicates(data.get(key), "name", what):
            yield problem._replace(path=(key, *problem.path))
    receivers, windows = {*BUILT_IN, *_names(data.get("receivers"))}, {"maintenance", *_names(data.get("maintenance"))}
    for index, route in enumerate(_entries(data.get("routes"))):
        name = route.get("receiver")
        if isinstance(name, str) and name not in receivers:
            message = f"there is no receiver {name!r}; there are {', '.join(sorted(receivers))}"
            yield Problem(("routes", index, "receiver"), message)
        muted = route.get("muted")
        for place, window in enumerate(muted if isinstance(muted, (list, tuple)) else ()):
            if isinstance(window, str) and window not in windows:
                message = f"there is no maintenance window {window!r}; there are {', '.join(sorted(windows))}"
                yield Problem(("routes", index, "muted", place), message)


def credentials(receivers: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The channels of raw receivers that need a credential: the place of each, and the channel."""
    for index, receiver in enumerate(_entries(receivers)):
        for channel in _CHANNELS:
            found = receiver.get(channel)
            if found is not None and (channel != "webhook" or (isinstance(found, Mapping) and found.get("credential"))):
                yield ("receivers", index, channel), channel


def _entries(value: Any) -> list[Mapping[str, Any]]:
    return [one if isinstance(one, Mapping) else {} for one in value] if isinstance(value, (list, tuple)) else []


def _names(value: Any) -> set[str]:
    return {one["name"] for one in _entries(value) if isinstance(one.get("name"), str)}


def _duration(value: str) -> str:
    if promql.seconds(value) <= 0:
        raise ValueError(f"{value!r} is no time at all: write 30s, 5m, 1h30m, 15d")
    return value


def _expression(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"{value!r} is no regular expression: {error}") from None
    return value


Duration = Annotated[str, AfterValidator(_duration)]
Expression = Annotated[str, AfterValidator(_expression)]
Target = Annotated[
    str, matching(r"[A-Za-z0-9.-]+:[0-9]{1,5}", "is no address: write host:port, such as prometheus.example.com:9090")
]
Selector = Annotated[str, AfterValidator(promql.selector)]
Probe = Literal["https", "https_2xx", "tcp"]


class RemoteWriteConfig(Model):
    """A further store, such as VictoriaMetrics (orders document, section 7.3), by its `url`.

    `drop` is a regular expression of metrics too expensive to send. `credential` names a bearer token in the
    environment's secret store.
    """

    url: Url
    drop: Expression = ""
    credential: Name | None = None


class Federation(Model):
    """Another Prometheus, of which the series of `match` are read (orders document, section 9.2), over HTTPS."""

    name: Name
    target: Target
    match: Annotated[Sequence[Selector], Field(min_length=1)]


class ProbeTarget(Model):
    """Something that must answer besides the systems' own addresses: by HTTPS, with a page, or by a connection."""

    name: Name
    target: Url | Target
    module: Probe = "https_2xx"


class Agent(Model):
    """A PrometheusAgent in place of Prometheus: everything is sent to `remote_write` and nothing kept or judged here.

    `query_url` is where the central Prometheus answers, for whoever must ask it (a release's analysis).
    """

    query_url: Url


class MonitoringConfig(Model):
    """What differs from the tier's level: retention, further stores, sources, receivers and quiet hours.

    `retention` and `retention_size` are those of Prometheus' own volume of `storage`; `long_term_retention` that of
    the bucket, where the level has Thanos.
    """

    retention: Duration | None = None
    retention_size: Bytes | None = None
    storage: Bytes | None = None
    long_term_retention: Duration = "30d"
    agent: Agent | None = None
    remote_write: Sequence[RemoteWriteConfig] = ()
    federate: Sequence[Federation] = ()
    probes: Sequence[ProbeTarget] = ()
    receivers: Sequence[ReceiverConfig] = ()
    routes: Sequence[RouteConfig] = ()
    maintenance: Sequence[Maintenance] = ()

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """Names that come twice, an agent that sends nothing, and receivers that there are not."""
        for key, field, what in (
            ("remote_write", "url", "store"),
            ("federate", "name", "federation"),
            ("probes", "name", "probe"),
        ):
            for problem in duplicates(data.get(key), field, what):
                yield problem._replace(path=(key, *problem.path))
        yield from _agent_problems(data)
        yield from receiver_problems(data)


def _agent_problems(data: Mapping[str, Any]) -> Iterable[Problem]:
    if data.get("agent") is None:
        return
    if not data.get("remote_write"):
        yield Problem(("agent",), "an agent keeps nothing: say in remote_write where its samples go")
    for key in ("retention", "retention_size"):
        if data.get(key) is not None:
            yield Problem((key,), "an agent keeps nothing: leave this out, or leave out 'agent'")
    for key in ("receivers", "routes", "maintenance"):
        if data.get(key):
            yield Problem((key,), "an agent judges nothing, so nobody is told: leave this out, or leave out 'agent'")
