"""Alerts and recording rules as data: what is wrong, for how long, how bad that is, and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from components.monitoring import promql

Severity = Literal["critical", "warning", "info"]
# Where the pages of docs/runbooks/ are published.
RUNBOOKS = "https://runbooks.saas-platform.com"
# Stands in an expression where a rule set puts the label matcher of its namespace.
SCOPE = "$scope"
_ALERT = re.compile(r"[A-Z][A-Za-z0-9]*")
_RECORD = re.compile(r"[a-z_]+(:[a-z_][a-z0-9_]*)+")


@dataclass(frozen=True, kw_only=True)
class Alert:
    """A condition that somebody must know of.

    `expr` is PromQL, `for_` how long it must hold without a gap (a Prometheus duration, default none). `critical`
    wakes somebody, `warning` is for working hours. `interval` is how often it is evaluated, `None` for Prometheus'
    own. `runbook` names its page in docs/runbooks/ and defaults to the alert's name;
    `dashboard` is the address of what shows more of it, which is nowhere by default.

    It fires by `missing` as well: by what is gone, where `expr` asks what is there. It is silent while `silent` finds
    the same labels: a matching clause and an expression, `on (namespace) x == 0`, for what is meant to be so. Either is
    left out where nobody tells its metrics. Raises ValueError, with the alert's name, for whatever Prometheus would
    refuse.
    """

    name: str
    expr: str
    severity: Severity
    summary: str
    description: str
    for_: str = "0s"
    interval: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    runbook: str = ""
    missing: str = ""
    silent: str = ""
    dashboard: str = ""

    def __post_init__(self) -> None:
        if not _ALERT.fullmatch(self.name):
            raise ValueError(f"alert {self.name!r}: use capitalised words without separators, such as HighErrorRate")
        if self.severity not in get_args(Severity):
            raise ValueError(
                f"alert {self.name}: severity {self.severity!r} is none of {', '.join(get_args(Severity))}"
            )
        try:
            promql.seconds(self.for_)
            for one in (self.expr, self.condition):
                promql.metrics(scoped(one, "namespace"))
        except ValueError as error:
            raise ValueError(f"alert {self.name}: {error}") from None

    @property
    def condition(self) -> str:
        """The whole expression that Prometheus evaluates."""
        whole = f"{self.expr} or {self.missing}" if self.missing else self.expr
        return f"({whole}) unless {self.silent}" if self.silent else whole

    def within(self, namespace: str, **labels: str) -> Alert:
        """The same for one namespace, with more labels."""
        expr, missing, silent = (scoped(one, namespace) for one in (self.expr, self.missing, self.silent))
        return replace(self, expr=expr, missing=missing, silent=silent, labels={**self.labels, **labels})

    def seen(self, scraped: Callable[[str], bool]) -> Alert | None:
        """The same with the parts whose metrics somebody tells; None if nobody tells those of `expr`.

        `scraped` says of an expression whether all of its metrics are scraped.
        """
        if not scraped(self.expr):
            return None
        missing = self.missing if self.missing and scraped(self.missing) else ""
        silent = self.silent if self.silent and scraped(f"vector(0) unless {self.silent}") else ""
        return replace(self, missing=missing, silent=silent)

    def as_rule(self) -> dict[str, Any]:
        """The entry of a rule group."""
        return {
            "alert": self.name,
            "expr": self.condition,
            "for": self.for_,
            "labels": {"severity": self.severity, **self.labels},
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook_url": f"{RUNBOOKS}/{self.runbook or self.name}",
                **({"dashboard_url": self.dashboard} if self.dashboard else {}),
            },
        }


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A metric `record` (level:metric:operations) that Prometheus computes from `expr` at every interval."""

    record: str
    expr: str
    interval: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _RECORD.fullmatch(self.record):
            raise ValueError(f"recording rule {self.record!r}: name it level:metric:operations")
        try:
            promql.metrics(scoped(self.expr, "namespace"))
        except ValueError as error:
            raise ValueError(f"recording rule {self.record}: {error}") from None

    def within(self, namespace: str, **labels: str) -> Recording:
        """The same for one namespace, with more labels."""
        return replace(self, expr=scoped(self.expr, namespace), labels={**self.labels, **labels})

    def as_rule(self) -> dict[str, Any]:
        """The entry of a rule group."""
        return {"record": self.record, "expr": self.expr} | ({"labels": dict(self.labels)} if self.labels else {})


def scoped(expression: str, namespace: str) -> str:
    """An expression with the matcher of its namespace in place of `$scope`."""
    return expression.replace(SCOPE, f'namespace="{namespace}"')
