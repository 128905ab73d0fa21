"""Every alert that a document names: its figures, and that it fires when it must and only then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from components.monitoring.alerts import Alert
from components.monitoring.rules import ALERT as BUDGET
from components.monitoring.rules import WINDOWS
from stacks.system.component import system_rules
from tests.unit.observability.scenarios import Trial, are_accepted, hold, of_case, scenario
from tests.unit.observability.series import CASES, Series
from tests.unit.observability.states import scenarios
from tests.unit.observability.states_of_documents import STATES
from tests.unit.recordings import DECLARATIONS

# name: (threshold as it stands at the end of the expression, duration, severity), as the documents have them.
FIGURES: dict[str, dict[str, tuple[str, str, str]]] = {
    "astrbot": {
        "HighAPILatency": ("> 0.5", "2m", "warning"),
        "HighErrorRate": ("> 0.05", "1m", "critical"),
        "HighMemoryUsage": ("> 0.9", "5m", "warning"),
        "AstrBotInstanceDown": ("== 0", "1m", "critical"),
    },
    "cloudlens": {
        "HighErrorRate": ("> 0.1", "5m", "critical"),
        "HighLatency": ("> 1000", "5m", "warning"),
        "LowCacheHitRate": ("< 0.5", "10m", "warning"),
        "PodCrashLooping": ("> 0", "5m", "critical"),
    },
    "orders": {
        "HighErrorRate": ("> 0.05", "5m", "warning"),
        "HighLatency": ("> 1.0", "10m", "warning"),
        "PodDown": ("== 0", "1m", "critical"),
        "HighMemoryUsage": ("> 0.9", "5m", "warning"),
        "ServiceDown": ("== 0", "1m", "critical"),
        "HighCPU": ("> 0.8", "10m", "warning"),
        "RustAppDown": ("== 0", "1m", "critical"),
    },
    "multicluster": {
        "NodeNotReady": ("== 1", "5m", "warning"),
        "NodeMemoryPressure": ("== 1", "5m", "warning"),
        "NodeDiskPressure": ("== 1", "5m", "warning"),
        "PodCrashLooping": ("> 0", "5m", "warning"),
        "PodNotReady": ("== 1", "10m", "warning"),
        "HighCPUUsage": ("> 0.8", "10m", "warning"),
        "HighMemoryUsage": ("> 0.9", "10m", "warning"),
        "DeploymentReplicasMismatch": ("!= kube_deployment_status_replicas_available", "10m", "warning"),
        "HighErrorRate": ("> 0.05", "5m", "critical"),
        "HighLatency": ("> 1", "5m", "warning"),
    },
    "federated-risk": {
        "ServiceDown": ("== 0", "1m", "critical"),
        "HighErrorRate": ("> 0.05", "2m", "warning"),
        "HighLatency": ("> 0.5", "3m", "warning"),
        "HighMemoryUsage": ("> 85", "5m", "warning"),
        "HighCPUUsage": ("> 80", "5m", "warning"),
        "DiskSpaceLow": ("> 85", "5m", "warning"),
        "DatabaseConnectionHigh": ("> 80", "2m", "warning"),
        "PSIPerformanceDegraded": ("> 10", "3m", "warning"),
        "ModelInferenceSlowdown": ("> 1", "2m", "warning"),
        "PrivacyBudgetLow": ("< 0.2", "0s", "critical"),
    },
}
RULES = {name: declaration.rules for name, declaration in DECLARATIONS.items() if declaration.rules}
ALERTS = [(system, alert.name) for system, rules in RULES.items() for alert in rules.alerts]


def alert(system: str, name: str) -> Alert:
    (found,) = (one for one in system_rules(DECLARATIONS[system]).alerts if one.name == name)
    return found


def test_the_alerts_are_exactly_those_of_the_documents() -> None:
    """One that is left out is missed only when what it watches has happened."""
    assert {system: {one.name for one in rules.alerts} for system, rules in RULES.items()} == {
        system: set(figures) for system, figures in FIGURES.items()
    }
    assert len(ALERTS) == 35


@pytest.mark.parametrize(("system", "name"), ALERTS)
def test_an_alert_has_its_documents_threshold_duration_and_severity(system: str, name: str) -> None:
    """A threshold that is off by a zero looks right in a review."""
    found, (threshold, duration, severity) = alert(system, name), FIGURES[system][name]
    assert found.expr.endswith(f" {threshold}")
    assert (found.for_, found.severity) == (duration, severity)
    assert found.labels["system"] == system


def test_every_alert_has_a_case() -> None:
    """And one for each: what it watches is gone, has finished, is idle, is stopped; or a reason why there is none."""
    assert set(CASES) == set(ALERTS) == set(STATES)


@pytest.mark.parametrize("system", RULES)
def test_every_alert_fires_when_it_must_and_only_then(system: str, tmp_path: Path) -> None:
    """An expression that is never true is the quietest of all, and nobody notices."""
    rules = system_rules(DECLARATIONS[system])
    trials = [
        of_case(found := alert(*name), case, rules, scenarios(found, case.loud, STATES[name]))
        for name, case in CASES.items()
        if name[0] == system
    ]
    assert len(trials) == len(RULES[system].alerts)
    hold(tmp_path, trials)


def test_promtool_accepts_every_rule(tmp_path: Path) -> None:
    """Prometheus refuses a whole file for one rule."""
    are_accepted(tmp_path, [system_rules(DECLARATIONS[system]) for system in RULES])


def budget(failing: float) -> Series:
    """Of 10,000 requests from sample to sample, `failing` per cent fail."""
    series = 'http_requests_total{{namespace="astrbot",job="api",status="{}"}}'
    rates = {"503": failing * 100, "200": 10_000 - failing * 100}
    return {series.format(status): f"0+{rate:g}x250" for status, rate in rates.items()}


@pytest.mark.parametrize(
    ("failing", "windows"),
    [(2.0, {"1h", "6h", "1d", "3d"}), (1.0, {"6h", "1d", "3d"}), (0.4, {"1d", "3d"}), (0.2, {"3d"}), (0.05, set())],
)
def test_the_error_budget_alerts_fire_by_how_fast_it_burns(failing: float, windows: set[str], tmp_path: Path) -> None:
    """A slow leak must not wake anybody, and a fast one must within the hour."""
    severities = {pair.long: pair.severity for pair in WINDOWS}
    expected = [
        {"labels": f'{{window="{window}", severity="{severities[window]}"}}', "value": 1} for window in sorted(windows)
    ]
    query = f'count by (window, severity) (ALERTS{{alertname="{BUDGET}",alertstate="firing"}})'
    asked = {"expr": query, "eval_time": "8h", "exp_samples": expected}
    rules = system_rules(DECLARATIONS["astrbot"])
    burning = replace(rules, alerts=[one for one in rules.alerts if one.name == BUDGET])
    assert len(burning.alerts) == len(WINDOWS)
    # As seldom as the shortest window and Prometheus' memory of 5 minutes allow: each evaluation looks back for days.
    hold(tmp_path, [Trial(burning, [scenario(budget(failing), asked, interval="2m")], interval="4m")])


def test_an_error_budget_does_not_burn_without_requests(tmp_path: Path) -> None:
    """Nothing divided by nothing is no ratio; and what is gone is told of by another alert."""
    rules = system_rules(DECLARATIONS["astrbot"])
    burning = replace(rules, alerts=[one for one in rules.alerts if one.name == BUDGET])
    fired = {"expr": f'count(ALERTS{{alertname="{BUDGET}",alertstate="firing"}})', "eval_time": "8h", "exp_samples": []}
    idle = dict.fromkeys(budget(2.0), "7x250")
    hold(tmp_path, [Trial(burning, [scenario(idle, fired, interval="2m")], interval="4m")])


def test_a_rule_that_does_not_parse_is_refused_with_its_name() -> None:
    """Prometheus would refuse it too, but after the deployment."""
    with pytest.raises(ValueError, match="alert Broken: does not parse: unclosed left parenthesis"):
        Alert(name="Broken", expr="sum(up", severity="warning", summary="", description="")
    with pytest.raises(ValueError, match="alert Broken: '5 minutes' is not a duration"):
        Alert(name="Broken", expr="up", for_="5 minutes", severity="warning", summary="", description="")
