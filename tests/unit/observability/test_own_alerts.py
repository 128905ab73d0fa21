"""The alerts that no document names: those of stores, exporters, probes, Thanos and the monitoring itself."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from components.observability import promql
from components.observability.alerts import Alert
from components.observability.objectives import ALERT as BUDGET
from graph.model import Graph
from tests.unit.observability.own_series import CASES, NAMESPACE, OWN
from tests.unit.observability.series import CASES as OF_DOCUMENTS
from tests.unit.observability.test_alerts_of_the_documents import evaluation, scenario, scenarios
from tests.unit.observability.tools import run
from tests.unit.recordings import objects
from tests.unit.telemetry.test_alerts import CASES as OF_TELEMETRY

# It always fires: that is what it is for.
ALWAYS = ("monitoring", "Watchdog")
# Its cases are by how fast the budget burns.
BY_RATE = {BUDGET}


def rules(name: str, folder: Path) -> Path:
    path = folder / f"{name}.yaml"
    groups = OWN[name].within(NAMESPACE, system=name).groups()
    path.write_text(yaml.safe_dump({"groups": groups}), encoding="utf-8")
    return path


def alert(name: str, wanted: str) -> Alert:
    (found,) = (one for one in OWN[name].within(NAMESPACE, system=name).alerts if one.name == wanted)
    return found


def test_every_alert_of_the_programs_own_has_a_case() -> None:
    """An alert without one may never fire, or always."""
    assert {(name, one.name) for name, found in OWN.items() for one in found.alerts} == {*CASES, ALWAYS}


def test_no_environment_deploys_an_alert_without_a_case(graph: Graph) -> None:
    """Whoever adds an alert anywhere adds what fires it and what does not."""
    tried = {name for _, name in (*CASES, *OF_DOCUMENTS, ALWAYS)} | BY_RATE | OF_TELEMETRY.keys()
    deployed = {
        rule["alert"]
        for body in objects(graph, "PrometheusRule")
        for group in body["spec"]["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }
    assert deployed - tried == set()
    assert "Watchdog" in deployed


@pytest.mark.parametrize("name", OWN)
def test_every_alert_fires_when_it_must_and_only_then(name: str, tmp_path: Path) -> None:
    """An expression that is never true is the quietest of all, and nobody notices."""
    tests = [
        one for (owner, wanted), case in CASES.items() if owner == name for one in _both(alert(name, wanted), case)
    ]
    if (name, "Watchdog") == ALWAYS:
        tests.append(scenario({}, evaluation("Watchdog", 1, alert(*ALWAYS))))
    document = {"rule_files": [rules(name, tmp_path).name], "evaluation_interval": "1m", "tests": tests}
    path = tmp_path / "tests.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    run("promtool", "test", "rules", path)


@pytest.mark.parametrize("name", OWN)
def test_promtool_accepts_every_rule(name: str, tmp_path: Path) -> None:
    run("promtool", "check", "rules", "--lint=all", "--lint-fatal", rules(name, tmp_path))


def _both(found: Alert, case: object) -> list[object]:
    # Series end after 90 minutes; what waits for an hour is asked soon after it.
    assert promql.seconds(found.for_) <= 3600
    return list(scenarios(found, case))  # type: ignore[arg-type]
