"""Rules on trial: promtool evaluates them over series that fire them and series that do not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from components.monitoring import promql
from components.monitoring.alerts import Alert
from components.monitoring.rules import RuleSet
from tests.unit.observability.series import Case, Series
from tests.unit.observability.tools import run


class Trial(NamedTuple):
    """Rules, and what is to come of them; `interval` is how often they are evaluated."""

    rules: RuleSet
    tests: Sequence[Mapping[str, Any]]
    interval: str = "1m"


def scenario(series: Series, *evaluations: Mapping[str, Any], interval: str = "1m") -> dict[str, Any]:
    """Series with a sample every `interval`, and what is asked of them."""
    inputs = [{"series": name, "values": values} for name, values in series.items()]
    return {"interval": interval, "input_series": inputs, "promql_expr_test": list(evaluations)}


def evaluation(found: Alert, minutes: float, fires: bool) -> dict[str, Any]:
    """Whether the alert fires by then."""
    query = f'count by (system, severity) (ALERTS{{alertname="{found.name}",alertstate="firing"}})'
    labels = f'{{system="{found.labels["system"]}", severity="{found.severity}"}}'
    return {
        "expr": query,
        "eval_time": f"{minutes:g}m",
        "exp_samples": [{"labels": labels, "value": 1}] if fires else [],
    }


def firing(found: Alert, minutes: float, fires: bool) -> dict[str, Any]:
    """Whether the alert fires by then, once or more often."""
    once = evaluation(found, minutes, fires)
    return once | {"expr": f"{once['expr']} > bool 0"}


def of_case(found: Alert, case: Case, rules: RuleSet, further: Iterable[Mapping[str, Any]] = ()) -> Trial:
    """It does not fire before its duration, fires after it, and does not fire for what is within bounds; and what
    `further` scenarios ask.

    Of `rules` only the alert and the metrics recorded for it are evaluated: all others would cost ten times as much.
    """
    duration = promql.seconds(found.for_) / 60
    # Series end after 90 minutes; what waits for an hour is asked soon after it.
    assert duration <= 60, f"{found.name} waits longer than its series last"
    early = [evaluation(found, duration - 1, False)] if duration else []
    # Fifteen minutes cover the longest rate window, and three evaluations of the slowest group.
    loud = scenario(case.loud, *early, evaluation(found, duration + 15, True))
    quiet = scenario(case.quiet, evaluation(found, 60, False))
    recordings = [one for one in rules.recordings if one.record in promql.metrics(found.expr)]
    return Trial(RuleSet(name=rules.name, alerts=[found], recordings=recordings), [loud, quiet, *further])


def hold(folder: Path, trials: Iterable[Trial]) -> None:
    """Fails with what promtool says of each file, by the names of its rules and alerts."""
    files = []
    for trial in trials:
        name = "-".join(dict.fromkeys([trial.rules.name, *(one.name for one in trial.rules.alerts)]))
        rules, tests = folder / f"{name}.rules.yaml", folder / f"{name}.tests.yaml"
        document = {"rule_files": [rules.name], "evaluation_interval": trial.interval, "tests": list(trial.tests)}
        _write(rules, {"groups": trial.rules.groups()})
        _write(tests, document)
        files.append(tests)
    assert files
    run("promtool", "test", "rules", *files)


def are_accepted(folder: Path, rule_sets: Sequence[RuleSet]) -> None:
    """Fails with what promtool has against a file, by the name of its rules."""
    files = [folder / f"{rules.name}.yaml" for rules in rule_sets]
    for file, rules in zip(files, rule_sets, strict=True):
        _write(file, {"groups": rules.groups()})
    run("promtool", "check", "rules", "--lint=all", "--lint-fatal", *files)


def _write(path: Path, document: Mapping[str, Any]) -> None:
    assert not path.exists(), f"{path.name} twice"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
