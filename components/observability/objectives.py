"""Service level objectives: how fast the error budget burns, seen over two windows at a time.

The four pairs of windows, burn rates and severities are those of the Site Reliability Workbook, chapter 5, table 5-8
("recommended parameters for an SLO-based alerting configuration"). The long window shows that a substantial part of
the budget is gone, the short one that it is still going. The `for` is short since the windows themselves wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from components.observability.alerts import SCOPE, Alert, Recording, Severity
from components.observability.rules import RuleSet

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
