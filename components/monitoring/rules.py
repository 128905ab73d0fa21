"""Rule groups, service level objectives by their error budget, and the PrometheusRule that carries them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.kubernetes.naming import Scope
from components.kubernetes.objects import custom_resource
from components.monitoring import catalogue
from components.monitoring.alerts import SCOPE, Alert, Recording, Severity
from versions import PROMETHEUS_RULE

# Who evaluates a PrometheusRule: without the label every Prometheus, with it Thanos' ruler alone.
EVALUATOR_LABEL, THANOS = "platform.io/evaluated-by", "thanos"
_SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")


@dataclass(frozen=True, kw_only=True)
class RuleSet:
    """The rules of one component or system, by the `name` that begins the names of its groups.

    `own` are the metrics that its system's applications or stores tell and the catalogue does not have.
    """

    name: str
    alerts: Sequence[Alert] = ()
    recordings: Sequence[Recording] = ()
    own: Collection[str] = ()

    def within(self, namespace: str, **labels: str) -> RuleSet:
        """The same for the series of one namespace; every alert and recorded series gets `labels`."""
        return RuleSet(
            name=self.name,
            alerts=[alert.within(namespace, **labels) for alert in self.alerts],
            recordings=[recording.within(namespace, **labels) for recording in self.recordings],
            own=self.own,
        )

    def shown_at(self, dashboard: str) -> RuleSet:
        """The same with the address of a dashboard, which every alert bears."""
        return replace(self, alerts=[replace(alert, dashboard=dashboard) for alert in self.alerts])

    def plus(self, *others: RuleSet) -> RuleSet:
        """Its rules and those of `others`, by its name."""
        every = (self, *others)
        return RuleSet(
            name=self.name,
            alerts=[alert for one in every for alert in one.alerts],
            recordings=[recording for one in every for recording in one.recordings],
            own=frozenset(metric for one in every for metric in one.own),
        )

    def with_sources(self, sources: Collection[str]) -> RuleSet:
        """Without the alerts and recordings that read a metric which none of the catalogue's `sources` tells.

        Raises ValueError, with the rule's name, for a metric that nobody ever tells: it would be left out everywhere.
        """
        self._refuse_unknown()
        recordings = [one for one in self.recordings if catalogue.scraped(one.expr, sources, self.own)]
        extra = {*self.own, *(one.record for one in recordings)}
        seen = [one.seen(lambda expr: catalogue.scraped(expr, sources, extra)) for one in self.alerts]
        alerts = [one for one in seen if one]
        return RuleSet(name=self.name, alerts=alerts, recordings=recordings, own=self.own)

    def _refuse_unknown(self) -> None:
        extra = {*self.own, *(one.record for one in self.recordings)}
        rules = {one.name: one.condition for one in self.alerts} | {one.record: one.expr for one in self.recordings}
        for name, expr in rules.items():
            catalogue.refuse_unknown(f"rules {self.name!r}, {name}", expr, extra)

    def groups(self) -> list[dict[str, Any]]:
        """One group for the recording rules of each interval, and one for the alerts of each severity and interval.

        Alerts of different severity are apart so that a slow query of one cannot delay another that wakes somebody.
        """
        groups = [
            _group(f"{self.name}-recordings", interval, [one for one in self.recordings if one.interval == interval])
            for interval in _intervals(self.recordings)
        ]
        for severity in _SEVERITIES:
            alerts = [one for one in self.alerts if one.severity == severity]
            for interval in _intervals(alerts):
                same = [one for one in alerts if one.interval == interval]
                groups.append(_group(f"{self.name}-{severity}", interval, same))
        return groups


def _intervals(rules: Iterable[Alert | Recording]) -> list[str | None]:
    return sorted({rule.interval for rule in rules}, key=lambda interval: interval or "")


def _group(name: str, interval: str | None, rules: Sequence[Alert | Recording]) -> dict[str, Any]:
    timing = {"interval": interval} if interval else {}
    full_name = f"{name}-{interval}" if interval else name
    return {"name": full_name, **timing, "rules": [rule.as_rule() for rule in rules]}


def prometheus_rule(
    name: str, *, scope: Scope, component: str, rules: RuleSet, opts: pulumi.ResourceOptions, evaluator: str = ""
) -> CustomResource:
    """The PrometheusRule `component`, for Prometheus or another `evaluator`."""
    metadata = scope.metadata(component)
    if evaluator:
        metadata["labels"][EVALUATOR_LABEL] = evaluator
    return custom_resource(
        name,
        PROMETHEUS_RULE,
        metadata=metadata,
        spec={"groups": rules.groups()},
        opts=opts,
    )


ALERT = "ErrorBudgetBurn"


class Window(NamedTuple):
    """Both windows, how many times too fast the budget burns over them, and how bad that is."""

    short: str
    long: str
    burn_rate: float
    severity: Severity
    for_: str


WINDOWS: Sequence[Window] = (
    Window("5m", "1h", 14.4, "critical", "2m"),
    Window("30m", "6h", 6, "critical", "15m"),
    Window("2h", "1d", 3, "warning", "1h"),
    Window("6h", "3d", 1, "warning", "3h"),
)


@dataclass(frozen=True, kw_only=True)
class Objective:
    """The share of requests that must succeed, over 30 days (default 99.9 %).

    `requests` and `failures` are counters with a `$scope` matcher; the defaults are the platform's own HTTP metrics.
    """

    target: float = 0.999
    requests: str = f"http_requests_total{{{SCOPE}}}"
    failures: str = f'http_requests_total{{{SCOPE},status=~"5.."}}'

    def __post_init__(self) -> None:
        if not 0 < self.target < 1:
            raise ValueError(f"an objective of {self.target} is no share of requests: use a number such as 0.999")

    def rules(self) -> RuleSet:
        """The recorded error ratios of all windows, and an alert for each pair."""
        windows = sorted({window for pair in WINDOWS for window in (pair.short, pair.long)})
        return RuleSet(
            name="objective",
            recordings=[self._ratio(window) for window in windows],
            alerts=[self._alert(pair) for pair in WINDOWS],
        )

    def _ratio(self, window: str) -> Recording:
        failed, all_of = (f"sum by (namespace) (rate({one}[{window}]))" for one in (self.failures, self.requests))
        # A service without failures has no series of failures: that is a ratio of zero, and not none.
        return Recording(
            record=_record(window),
            expr=f"({failed} or 0 * {all_of}) / {all_of}",
        )

    def _alert(self, pair: Window) -> Alert:
        threshold = f"{pair.burn_rate} * {round(1 - self.target, 6)}"
        short, long = (f"{_record(window)}{{{SCOPE}}} > {threshold}" for window in (pair.short, pair.long))
        return Alert(
            name=ALERT,
            expr=f"{long} and {short}",
            for_=pair.for_,
            severity=pair.severity,
            labels={"window": pair.long},
            summary="The error budget of {{ $labels.namespace }} burns too fast",
            description=(
                f"Over {pair.long} and {pair.short}, requests failed at more than {pair.burn_rate:g} times the rate "
                f"that {self.target:.3%} allows: {{{{ $value | humanizePercentage }}}} of them."
            ),
        )


def _record(window: str) -> str:
    return f"namespace:http_error:ratio_rate{window}"
