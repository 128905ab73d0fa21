"""What an environment's file says of its monitoring: the key `monitoring`, with receivers, routes and windows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from components.monitoring import promql
from stacks.schema.types import Bytes, Model, Name, Problem, Text, Url, duplicates, form, matching

_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00"
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


Clock = Annotated[
    str, matching("time of day", _CLOCK, "is no time of day: write it in quotes, in UTC, such as '20:00'", "20:00")
]
Address = Annotated[
    str,
    matching(
        "mail address",
        r"[^@\s]+@[^@\s]+\.[^@\s]+",
        "is no address: write one such as ops@example.com",
        "ops@example.com",
    ),
]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class PagerDutyConfig(Model):
    """A service of PagerDuty."""

    credential: Name = Field(
        "alerting-pagerduty-service-key",
        description="The name of the integration key in the environment's secret store.",
    )


class SlackConfig(Model):
    """A channel of Slack."""

    channel: Text = Field(description="The channel, in quotes, such as `#payments`.")
    credential: Name = Field(
        "alerting-slack-webhook-url", description="The name of the webhook's address in the environment's secret store."
    )


class EmailConfig(Model):
    """Addresses, by the platform's own mail account."""

    to: Annotated[Sequence[Address], Field(min_length=1)] = Field(description="The addresses, such as ops@example.com.")


class WeComConfig(Model):
    """A party (department) of WeCom."""

    party: Text = Field(description="The party's number, in quotes.")
    corporation: Text = Field("saas-platform", description="The corporation's id.")
    agent_id: Text = Field("1000002", description="The application's id, in quotes.")
    credential: Name = Field(
        "alerting-wecom-api-secret",
        description="The name of the application's secret in the environment's secret store.",
    )


class WebhookConfig(Model):
    """An address that alerts are posted to."""

    url: Url | None = Field(None, description="The address; needed where there is no `credential`.")
    credential: Name | None = Field(
        None, description="The name of the address in the environment's secret store, in place of `url`."
    )

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """Both, or neither."""
        if (data.get("url") is None) is (data.get("credential") is None):
            yield Problem((), "name one of url and credential: a webhook has one address")


class ReceiverConfig(Model):
    """Somebody who is told, on one channel or several."""

    name: Name = Field(description="The name by which `routes` find it; none of the platform's own.")
    pagerduty: PagerDutyConfig | None = Field(None, description="Calls people by PagerDuty.")
    slack: SlackConfig | None = Field(None, description="Writes to a channel of Slack.")
    email: EmailConfig | None = Field(None, description="Writes to mail addresses.")
    wecom: WeComConfig | None = Field(None, description="Writes to a party of WeCom.")
    webhook: WebhookConfig | None = Field(None, description="Posts to an address.")

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """A receiver without a channel hears nothing."""
        if not any(name in data for name in _CHANNELS):
            yield Problem((), f"has no channel: give it one of {', '.join(_CHANNELS)}")
        if data.get("name") in BUILT_IN:
            yield Problem(("name",), f"receiver {data['name']!r} is one of the platform's own: take another name")


class RouteConfig(Model):
    """Who is told too of which alerts."""

    receiver: Name = Field(description="The receiver, one of `receivers` or of the platform's own.")
    match: Annotated[Mapping[Text, Text], Field(min_length=1)] = Field(
        description="The labels that an alert must have, all of them, each with its value."
    )
    muted: Sequence[Name] = Field(
        (),
        description="The windows, by name, in which it is not told: those of `maintenance`, and the platform's "
        "own of that name.",
    )


class Maintenance(Model):
    """A window that recurs."""

    name: Name = Field(description="The name by which `muted` finds it.")
    weekdays: Annotated[Sequence[Weekday], Field(min_length=1)] = Field(description="The days on which it recurs.")
    start: Clock = Field(description="When it begins, in UTC and in quotes, such as '20:00'.")
    end: Clock = Field(
        description="When it ends, in UTC and in quotes, such as '22:00'; after `start`, since one over midnight "
        "is two windows."
    )

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """A window over midnight is two windows."""
        start, end = data.get("start"), data.get("end")
        times = [one for one in (start, end) if isinstance(one, str) and re.fullmatch(_CLOCK, one)]
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


Duration = Annotated[
    str,
    AfterValidator(_duration),
    form("duration such as 5m, 1h30m or 15d", rf"(?=.*[1-9]){promql.DURATION}", "5m", "1h30m", "15d"),
]
Expression = Annotated[str, AfterValidator(_expression), form("regular expression", None, "go_.*")]
Target = Annotated[
    str,
    matching(
        "host:port",
        r"[A-Za-z0-9.-]+:[0-9]{1,5}",
        "is no address: write host:port, such as prometheus.example.com:9090",
        "prometheus.example.com:9090",
    ),
]
Selector = Annotated[str, AfterValidator(promql.selector), form("selector of series", r".+", '{job="api"}')]
Probe = Literal["https", "https_2xx", "tcp"]


class RemoteWriteConfig(Model):
    """A further store of samples, such as VictoriaMetrics (orders document, section 7.3)."""

    url: Url = Field(description="Where samples are written to.")
    drop: Expression = Field(
        "", description="A regular expression of the metrics that are too expensive to send; none by default."
    )
    credential: Name | None = Field(None, description="The name of a bearer token in the environment's secret store.")


class Federation(Model):
    """Another Prometheus, of which series are read (orders document, section 9.2), over HTTPS."""

    name: Name = Field(description="The name of the job.")
    target: Target = Field(description="Its address, as host:port.")
    match: Annotated[Sequence[Selector], Field(min_length=1)] = Field(
        description="Selectors of the series that are read, such as '{job=\"api\"}'."
    )


class ProbeTarget(Model):
    """Something that must answer besides the systems' own addresses."""

    name: Name = Field(description="The name of the probe, which its alerts bear.")
    target: Url | Target = Field(description="A URL, or host:port.")
    module: Probe = Field(
        "https_2xx", description="What counts as an answer: HTTPS with any, HTTPS with a page (2xx), or a connection."
    )


class Agent(Model):
    """A PrometheusAgent in place of Prometheus: nothing is kept or judged here."""

    query_url: Url = Field(
        description="Where the central Prometheus answers, for whoever must ask it (a release's analysis)."
    )


class MonitoringConfig(Model):
    """What differs from the monitoring level of the tier."""

    retention: Duration | None = Field(
        None, description="How long Prometheus keeps samples on its own volume, such as 15d."
    )
    retention_size: Bytes | None = Field(
        None, description="How much Prometheus keeps on its own volume at the most; must fit `storage`."
    )
    storage: Bytes | None = Field(None, description="The volume of each Prometheus.")
    long_term_retention: Duration = Field(
        "30d", description="How long the bucket keeps samples, where the level has Thanos."
    )
    agent: Agent | None = Field(
        None, description="In place of Prometheus an agent, which sends everything to `remote_write`."
    )
    remote_write: Sequence[RemoteWriteConfig] = Field((), description="Further stores that all samples are sent to.")
    federate: Sequence[Federation] = Field((), description="Other Prometheus servers, of which series are read.")
    probes: Sequence[ProbeTarget] = Field((), description="What must answer besides the systems' own addresses.")
    receivers: Sequence[ReceiverConfig] = Field(
        (), description="Who can be told, besides the platform's own receivers."
    )
    routes: Sequence[RouteConfig] = Field((), description="Who is told too of which alerts.")
    maintenance: Sequence[Maintenance] = Field((), description="Windows in which routes can be muted.")

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
