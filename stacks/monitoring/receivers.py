"""The environment's own receivers, routes and windows, added to those of every environment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from components.kubernetes.needs import NEEDS
from components.kubernetes.network import Flow
from components.monitoring.notification import (
    Channel,
    Matcher,
    PagerDuty,
    Receiver,
    Route,
    Routing,
    SecretKey,
    Slack,
    Webhook,
    WeCom,
    Window,
)
from stacks.monitoring.notifications import CREDENTIALS, SECRET, Hook, email, in_cluster, to_people
from stacks.schema.monitoring import MonitoringConfig
from stacks.schema.receivers import ReceiverConfig, WeComConfig

_KEYS = {credential: key for key, credential in CREDENTIALS.items()}


def routing(hooks: Sequence[Hook], config: MonitoringConfig, *, people: bool) -> Routing:
    """Who is told in an environment: people where there is a secret store, and whom it names itself."""
    windows = [Window(name=one.name, weekdays=one.weekdays, start=one.start, end=one.end) for one in config.maintenance]
    if not people:
        return _with_configured(in_cluster(hooks, windows), config)
    muted = {
        receiver: [one.name for one in config.maintenance if receiver in one.receivers]
        for window in config.maintenance
        for receiver in window.receivers
    }
    sre = _wecom(config.wecom) if config.wecom else None
    return _with_configured(to_people(hooks, sre, windows, muted), config)


def _with_configured(routing: Routing, config: MonitoringConfig) -> Routing:
    """The environment's routes stand before all others, and each of them goes on to those after it."""
    routes = [
        Route(
            receiver=route.receiver,
            matchers=[Matcher(label=label, value=value) for label, value in route.match.items()],
            proceed=True,
            muted=route.muted,
        )
        for route in config.routes
    ]
    secrets = {
        name: tuple({**dict.fromkeys(keys), **configured_credentials(config)}) for name, keys in routing.secrets.items()
    }
    return replace(
        routing,
        root=replace(routing.root, routes=[*routes, *routing.root.routes]),
        receivers=[*routing.receivers, *(_receiver(one) for one in config.receivers)],
        secrets=secrets,
    )


def configured_credentials(config: MonitoringConfig) -> dict[str, str]:
    """The keys of the Secret that only this environment's receivers need, and the credential of each."""
    named = [
        channel.credential
        for receiver in config.receivers
        for channel in (receiver.pagerduty, receiver.slack, receiver.wecom, receiver.webhook)
        if channel and channel.credential
    ]
    named += [config.wecom.credential] if config.wecom else []
    return {name: name for name in named if name not in _KEYS}


def webhook_flows(config: MonitoringConfig) -> list[Flow]:
    """Where Alertmanager must reach for webhooks with an address of their own."""
    return [NEEDS["webhooks"].to(one.webhook.url) for one in config.receivers if one.webhook and one.webhook.url]


def _receiver(config: ReceiverConfig) -> Receiver:
    return Receiver(name=config.name, channels=list(_channels(config)))


def _channels(config: ReceiverConfig) -> Iterator[Channel]:
    if config.pagerduty:
        yield PagerDuty(service_key=_key(config.pagerduty.credential))
    if config.slack:
        yield Slack(api_url=_key(config.slack.credential), channel=config.slack.channel)
    if config.email:
        yield email(*config.email.to)
    if config.wecom:
        yield _wecom(config.wecom)
    if config.webhook:
        yield Webhook(url=config.webhook.url or _key(config.webhook.credential or ""))


def _wecom(config: WeComConfig) -> WeCom:
    return WeCom(
        corporation=config.corporation,
        agent_id=config.agent_id,
        party=config.party,
        api_secret=_key(config.credential),
    )


def _key(credential: str) -> SecretKey:
    return SecretKey(name=SECRET, key=_KEYS.get(credential, credential))
