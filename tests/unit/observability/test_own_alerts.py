"""The alerts that no document names: those of stores, exporters, probes, Thanos and the monitoring itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.monitoring.alerts import Alert
from components.monitoring.rules import ALERT as BUDGET
from components.monitoring.rules import RuleSet
from graph.model import Graph
from tests.unit.observability.own_series import CASES, NAMESPACE, OWN, draining_volume, hanging_archiver, of, volume
from tests.unit.observability.scenarios import Trial, are_accepted, evaluation, firing, hold, of_case, scenario
from tests.unit.observability.series import CASES as OF_DOCUMENTS
from tests.unit.observability.series import Series
from tests.unit.observability.states import problems, scenarios
from tests.unit.observability.states_of_documents import STATES as STATES_OF_DOCUMENTS
from tests.unit.observability.states_of_own import STATES
from tests.unit.observability.states_of_own import TELEMETRY as OF_TELEMETRY_GONE
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
    assert set(CASES) == set(STATES)


def test_what_is_gone_is_told_of_by_some_alert() -> None:
    """The metrics of what is gone end, and every comparison of them: silence looks like good news."""
    telemetry = {("telemetry", name): states for name, states in OF_TELEMETRY_GONE.items()}
    assert list(problems({**STATES, **STATES_OF_DOCUMENTS, **telemetry})) == []


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
    trials = [
        of_case(found := alert(*name), case, RULES[name[0]], scenarios(found, case.loud, STATES[name]))
        for name, case in CASES.items()
    ]
    watchdog = alert(*ALWAYS)
    always = Trial(RuleSet(name=ALWAYS[0], alerts=[watchdog]), [scenario({}, evaluation(watchdog, 1, True))])
    hold(tmp_path, [*trials, always])


# What fires an alert in another way than its case.
OTHERWISE = [
    ("postgresql", "PostgresqlArchivingFailing", hanging_archiver()),
    ("volumes", "VolumeFillingUp", {**volume(50), **volume(50, inodes=9)}),
    ("volumes", "VolumeFillingUp", draining_volume()),
    ("workloads", "WorkloadDown", of("statefulset", status_replicas_ready=0, replicas=1)),
    ("workloads", "ReplicasMissing", of("daemonset", status_number_available=4, status_desired_number_scheduled=5)),
]


@pytest.mark.parametrize(("rules", "name", "series"), OTHERWISE)
def test_an_alert_fires_for_each_of_the_things_it_is_about(
    rules: str, name: str, series: Series, tmp_path: Path
) -> None:
    """Of two conditions that are joined, the one that no series ever meets is not missed."""
    found = alert(rules, name)
    hold(tmp_path, [Trial(RuleSet(name=rules, alerts=[found]), [scenario(series, firing(found, 85, True))])])


def test_promtool_accepts_every_rule(tmp_path: Path) -> None:
    are_accepted(tmp_path, list(RULES.values()))
