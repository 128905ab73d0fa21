"""Who is told of alerts, as an environment's file says it: receivers with their channels, routes, and quiet hours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from stacks.schema.types import Model, Name, Problem, Text, Url, duplicates, matching

_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00"
_CHANNELS = ("pagerduty", "slack", "email", "wecom", "webhook")
# Those that there are without any configuration, and the one that needs the key `wecom`:
# stacks/monitoring/notifications.py.
SRE_TEAM = "sre-team-wecom"
BUILT_IN = ("default", "pagerduty", "critical-alerts", "slack-warnings", "backend-team-slack", SRE_TEAM)


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
    corporation: Text = Field(description="The corporation's id.")
    agent_id: Text = Field(description="The application's id, in quotes.")
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
    muted: Sequence[Name] = Field((), description="The windows of `maintenance`, by name, in which it is not told.")


class Maintenance(Model):
    """A window that recurs."""

    name: Name = Field(description="The name by which `muted` finds it.")
    weekdays: Annotated[Sequence[Weekday], Field(min_length=1)] = Field(description="The days on which it recurs.")
    start: Clock = Field(description="When it begins, in UTC and in quotes, such as '20:00'.")
    end: Clock = Field(
        description="When it ends, in UTC and in quotes, such as '22:00'; after `start`, since one over midnight "
        "is two windows."
    )
    receivers: Sequence[Name] = Field(
        (),
        description="Which of the platform's own receivers are not told in it, such as `slack-warnings`; `routes` say "
        "the same of theirs by `muted`.",
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
    receivers, windows = {*BUILT_IN, *_names(data.get("receivers"))}, _names(data.get("maintenance"))
    yield from _muted_problems(data)
    for index, route in enumerate(_entries(data.get("routes"))):
        name = route.get("receiver")
        if isinstance(name, str) and name not in receivers:
            message = f"there is no receiver {name!r}; there are {', '.join(sorted(receivers))}"
            yield Problem(("routes", index, "receiver"), message)
        if name == SRE_TEAM and data.get("wecom") is None:
            yield Problem(("routes", index, "receiver"), _NO_WECOM)
        muted = route.get("muted")
        for place, window in enumerate(muted if isinstance(muted, (list, tuple)) else ()):
            if isinstance(window, str) and window not in windows:
                known = ", ".join(sorted(windows)) or "none: declare it in maintenance"
                message = f"there is no maintenance window {window!r}; there are {known}"
                yield Problem(("routes", index, "muted", place), message)


_NO_WECOM = f"{SRE_TEAM} tells a party of WeCom: say which in the key `monitoring.wecom` (corporation, agent_id, party)"
# The root of the routes cannot be muted, and what wakes people is not.
MUTABLE = ("slack-warnings", "backend-team-slack", SRE_TEAM)


def _muted_problems(data: Mapping[str, Any]) -> Iterator[Problem]:
    for index, window in enumerate(_entries(data.get("maintenance"))):
        named = window.get("receivers")
        for place, name in enumerate(named if isinstance(named, (list, tuple)) else ()):
            where = ("maintenance", index, "receivers", place)
            if isinstance(name, str) and name not in MUTABLE:
                message = f"{name!r} is none of the platform's own that can be muted: {', '.join(MUTABLE)}"
                yield Problem(where, message)
            elif name == SRE_TEAM and data.get("wecom") is None:
                yield Problem(where, _NO_WECOM)


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
