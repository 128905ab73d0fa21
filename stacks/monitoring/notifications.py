"""Who is told of what: the receivers and routes of the AstrBot (4.2) and orders (6.1, 6.2) documents, in one tree.

Each document has a tree of its own, in which some routes are never reached: a warning of team `backend` stops at
`slack-warnings`, and AstrBotInstanceDown, which is critical, at `critical-alerts`. Here the special routes come before
the general ones, and each but the last goes on to the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from components.kubernetes.network import Flow
from components.monitoring.notification import (
    Email,
    Inhibition,
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
from stacks.schema.receivers import SRE_TEAM

SECRET = "alerting-credentials"
# The keys of the Secret, and the name of each credential in the environment's secret store.
CREDENTIALS = {
    "pagerduty-service-key": "alerting-pagerduty-service-key",
    "slack-webhook-url": "alerting-slack-webhook-url",
    "smtp-password": "alerting-smtp-password",
}
_CRITICAL = Matcher(label="severity", value="critical")
_WARNING = Matcher(label="severity", value="warning")
_TEAM = "team"
_GROUPING = ("alertname", "cluster", "system", "namespace", "severity")


@dataclass(frozen=True, kw_only=True)
class Hook:
    """A service of `system` that is told of `alerts` (their names) at `url`, and heals what they say.

    `flow` leads there.
    """

    system: str
    url: str
    alerts: Sequence[str]
    flow: Flow

    def receiver(self) -> Receiver:
        """It, as Alertmanager knows it."""
        return Receiver(name=hook_receiver(self.system), channels=[Webhook(url=self.url)])

    def route(self) -> Route:
        """What it is told; people get the same alert by the routes behind."""
        return Route(
            receiver=hook_receiver(self.system),
            matchers=[Matcher(label="alertname", value="|".join(self.alerts), operator="=~")],
            proceed=True,
        )


def hook_receiver(system: str) -> str:
    """How the receiver of a system's hook is called."""
    return f"{system}-alerts"


def email(*to: str) -> Email:
    """Mail to these addresses, by the platform's own account."""
    return Email(
        to=to,
        sender="alerts@saas-platform.com",
        smarthost="smtp.gmail.com:587",
        username="alerts@saas-platform.com",
        password=SecretKey(name=SECRET, key="smtp-password"),
    )


def _slack(channel: str) -> Slack:
    return Slack(api_url=SecretKey(name=SECRET, key="slack-webhook-url"), channel=channel)


_OPERATIONS = "ops-team@saas-platform.com"
_PEOPLE = (
    Receiver(name="default", channels=[email(_OPERATIONS)]),
    Receiver(name="pagerduty", channels=[PagerDuty(service_key=SecretKey(name=SECRET, key="pagerduty-service-key"))]),
    Receiver(
        name="critical-alerts",
        channels=[email(_OPERATIONS, "cto@saas-platform.com"), _slack("#critical-alerts")],
    ),
    Receiver(name="slack-warnings", channels=[_slack("#alerts-warnings")]),
    Receiver(name="backend-team-slack", channels=[_slack("#backend-team")]),
)
# A service that is down is slow, too: one message is enough.
_INHIBITIONS = (
    Inhibition(source=[_CRITICAL], target=[_WARNING], equal=["alertname", "cluster", "system", "namespace", "job"]),
    Inhibition(
        source=[
            Matcher(
                label="alertname",
                value="ServiceMissing|ServiceDown|PodDown|RustAppDown|AstrBotInstanceDown",
                operator="=~",
            )
        ],
        target=[Matcher(label="alertname", value="HighLatency|HighAPILatency|HighErrorRate", operator="=~")],
        equal=["cluster", "system", "namespace", "job"],
    ),
    Inhibition(
        source=[Matcher(label="alertname", value="ServiceDown|PodDown|RustAppDown", operator="=~")],
        target=[Matcher(label="alertname", value="ServiceMissing", operator="=~")],
        equal=["cluster", "system", "namespace", "job"],
    ),
)


# The AstrBot document's (section 4.2), whose root this is, and the orders document's (section 6.1), of its own routes.
_ROOT = Route(receiver="default", group_by=_GROUPING, group_wait="10s", group_interval="10s", repeat_interval="1h")
_BY_AND_BY = Route(receiver="default", group_wait="30s", group_interval="5m", repeat_interval="12h")


def in_cluster(hooks: Sequence[Hook], windows: Sequence[Window] = ()) -> Routing:
    """For an environment without a secret store: nobody is woken, and the systems' own services heal what they can."""
    root = replace(_ROOT, receiver="nobody", routes=[hook.route() for hook in hooks])
    receivers = [Receiver(name="nobody"), *(hook.receiver() for hook in hooks)]
    return Routing(root=root, receivers=receivers, inhibitions=_INHIBITIONS, windows=windows)


def to_people(
    hooks: Sequence[Hook],
    sre: WeCom | None = None,
    windows: Sequence[Window] = (),
    muted: Mapping[str, Sequence[str]] | None = None,
) -> Routing:
    """For an environment whose secret store has the `CREDENTIALS`.

    `sre` is the party that is told of that team's alerts, if there is one; `muted` are those of the `windows` in which
    a receiver is not told, by its name.
    """

    def team(receiver: str, *matchers: Matcher, proceed: bool) -> Route:
        silent = (muted or {}).get(receiver, ())
        return replace(_BY_AND_BY, receiver=receiver, matchers=matchers, proceed=proceed, muted=silent)

    root = replace(
        _ROOT,
        routes=[
            Route(receiver="default", matchers=[Matcher(label="severity", value="info")], repeat_interval="24h"),
            *(hook.route() for hook in hooks),
            team("pagerduty", _CRITICAL, proceed=True),
            team("backend-team-slack", Matcher(label=_TEAM, value="backend"), proceed=True),
            *([team(SRE_TEAM, Matcher(label=_TEAM, value="sre"), proceed=True)] if sre else []),
            Route(receiver="critical-alerts", matchers=[_CRITICAL]),
            team("slack-warnings", _WARNING, proceed=False),
        ],
    )
    sre_receivers = [Receiver(name=SRE_TEAM, channels=[sre])] if sre else []
    return Routing(
        root=root,
        receivers=[*_PEOPLE, *sre_receivers, *(hook.receiver() for hook in hooks)],
        inhibitions=_INHIBITIONS,
        windows=windows,
        secrets={SECRET: (*CREDENTIALS, *([sre.api_secret.key] if sre else []))},
    )
