"""The alerts that no document names: those of stores, exporters, probes, Thanos and the monitoring itself."""

from __future__ import annotations

from pathlib import Path

from components.monitoring.alerts import Alert
from components.monitoring.rules import ALERT as BUDGET
from components.monitoring.rules import RuleSet
from graph.model import Graph
from tests.unit.observability.own_series import CASES, NAMESPACE, OWN
from tests.unit.observability.scenarios import Trial, are_accepted, evaluation, hold, of_case, scenario
from tests.unit.observability.series import CASES as OF_DOCUMENTS
from tests.unit.recordings import objects
from tests.unit.telemetry.test_alerts import CASES as OF_TELEMETRY

# It always fires: that is what it is for.
ALWAYS = ("monitoring", "Watchdog")
# Its cases are by how fast the budget burns.
BY_RATE = {BUDGET}


RULES = {name: found.within(NAMESPACE, system=name) for name, found in OWN.items()}


def alert(name: str, wanted: str) -> Alert:
    (found,) = (one for one in RULES[name].alerts if one.name == wanted)
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


def test_every_alert_fires_when_it_must_and_only_then(tmp_path: Path) -> None:
    """An expression that is never true is the quietest of all, and nobody notices."""
    trials = [of_case(alert(*name), case, RULES[name[0]]) for name, case in CASES.items()]
    watchdog = alert(*ALWAYS)
    always = Trial(RuleSet(name=ALWAYS[0], alerts=[watchdog]), [scenario({}, evaluation(watchdog, 1, True))])
    hold(tmp_path, [*trials, always])


def test_promtool_accepts_every_rule(tmp_path: Path) -> None:
    are_accepted(tmp_path, list(RULES.values()))
