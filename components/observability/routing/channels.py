"""Where an alert is told: PagerDuty, Slack, mail, WeCom and webhooks, and the receivers that have them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

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
