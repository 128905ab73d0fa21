"""Dashboards: every query is PromQL, in promtool's opinion too, and reads what somebody tells."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from components.monitoring import catalogue, promql
from components.monitoring.alerts import Alert, scoped
from components.monitoring.dashboards import Board, Panel, Query
from components.monitoring.monitors import POD_VERSION
from components.monitoring.rules import RuleSet
from components.telemetry.alerts import RULE_SETS as TELEMETRY
from graph.model import Graph
from stacks.monitoring.boards import CANARY, boards
from stacks.monitoring.levels import LEVELS
from stacks.system.component import system_rules
from tests.unit.observability.own_series import OWN
from tests.unit.observability.tools import run
from tests.unit.recordings import DECLARATIONS, objects, recorded
from tests.unit.workloads import selects, workloads

EVERY_BOARD = boards(DECLARATIONS.values())
RULE_SETS = [*map(system_rules, DECLARATIONS.values()), *OWN.values(), *TELEMETRY]


def queries() -> Iterator[tuple[str, str]]:
    for board in EVERY_BOARD:
        for panel in board.panels:
            for query in panel.queries:
                yield f"{board.uid}: {panel.title}", query.expr


def test_the_dashboards_of_the_documents_are_there() -> None:
    assert {board.uid for board in EVERY_BOARD} == {
        "overview", "system", "tracing", "telemetry", "database", "redis", "canary", "tenants",
        "astrbot", "cloudlens", "federated-risk", "multi-cluster", "orders",
    }  # fmt: skip
    assert all(declaration.boards() for declaration in DECLARATIONS.values()), (
        "each system declares its own business panels"
    )


def test_prometheus_parses_every_query() -> None:
    """The parser at preview is another program than Prometheus: what it lets through must be right there too."""
    everything = "\nor ".join(f"({query})" for _, query in queries())
    run("promtool", "promql", "format", "--experimental", everything) if promql.metrics(everything) else None


@pytest.mark.parametrize("rules", RULE_SETS, ids=lambda rules: rules.name)
def test_every_rule_reads_what_somebody_tells(rules: RuleSet) -> None:
    """An alert on a metric that nobody tells never fires."""
    recorded_metrics = [*rules.own, *(one.record for one in rules.recordings)]
    for expr in [*(one.expr for one in rules.alerts), *(one.expr for one in rules.recordings)]:
        expression = scoped(expr, "a")
        assert catalogue.unknown(expression, recorded_metrics) == [], expression


def test_recorded_metrics_that_a_dashboard_reads_are_recorded_by_a_rule() -> None:
    made = {one.record for rules in RULE_SETS for one in rules.recordings}
    assert {metric for board in EVERY_BOARD for metric in board.recorded} <= made


@pytest.mark.parametrize("board", EVERY_BOARD, ids=lambda board: board.uid)
def test_a_dashboard_is_what_grafana_reads(board: Board) -> None:
    document = json.loads(board.as_json())
    assert (document["uid"], document["title"]) == (board.uid, board.title)
    assert [one["title"] for one in document["panels"]] == [panel.title for panel in board.panels]
    shown = [target["expr"] for one in document["panels"] for target in one["targets"]]
    assert shown == [query.expr for panel in board.panels for query in panel.queries]
    assert {one["datasource"]["uid"] for one in document["panels"]} == {"prometheus"}
    assert board.as_json() == board.as_json(), "every preview would show a change"


def test_production_has_a_config_map_for_each_dashboard_and_mounts_it() -> None:
    graph: Graph = recorded("prod")
    made = {
        body["metadata"]["name"]
        for body in objects(graph, "ConfigMap")
        if body["metadata"]["name"].startswith("dashboard-")
    }
    (grafana,) = (body for body in objects(graph, "Deployment") if body["metadata"]["name"] == "grafana")
    (volume,) = (one for one in grafana["spec"]["template"]["spec"]["volumes"] if one["name"] == "dashboards")
    assert {source["configMap"]["name"] for source in volume["projected"]["sources"]} == made
    deployed = boards(DECLARATIONS.values(), LEVELS["comprehensive"].sources | catalogue.SOURCES.keys())
    assert made == {f"dashboard-{board.uid}" for board in deployed}


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("http_request_total", "dashboard 'a', panel 'b': nobody tells the metric http_request_total"),
        ("sum(up", "dashboard 'a', panel 'b': does not parse: unclosed left parenthesis"),
    ],
)
def test_a_panel_that_would_stay_empty_is_refused_with_the_place(expression: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Board(uid="a", title="A", panels=[Panel(title="b", queries=[Query(expr=expression)])])


@pytest.mark.parametrize(
    ("expression", "metrics"),
    [
        ("up", {"up"}),
        ('{__name__="up"}', {"up"}),
        ("sum(rate(a[5m])) / on (job) group_left sum by (job) (b)", {"a", "b"}),
        ("histogram_quantile(0.9, sum by (le) (rate(a_bucket[5m])))", {"a_bucket"}),
        ("max_over_time((a > 1)[1h:5m])", {"a"}),
        ("topk(3, -a) unless b", {"a", "b"}),
        ("vector(1)", set()),
        ('label_replace(a, "x", "$1", "y", "(.*)")', {"a"}),
    ],
)
def test_the_metrics_of_an_expression_are_found_wherever_they_stand(expression: str, metrics: set[str]) -> None:
    assert promql.metrics(expression) == metrics


def test_a_rule_that_could_never_be_true_is_refused_with_its_name() -> None:
    """It would be left out, like one whose exporter the environment lacks, and nobody would know."""
    expr = "http_request_total{$scope} > 1"
    misspelt = Alert(name="Slow", expr=expr, for_="5m", severity="warning", summary="", description="")
    with pytest.raises(ValueError, match="rules 'a', Slow: nobody tells the metric http_request_total; see the metric"):
        RuleSet(name="a", alerts=[misspelt]).with_sources(catalogue.SOURCES)
    assert RuleSet(name="a", alerts=[misspelt], own=["http_request_total"]).with_sources(catalogue.SOURCES).alerts


def test_the_canary_dashboard_tells_versions_apart_by_a_label_that_targets_have(graph: Graph) -> None:
    """A label that nobody gives is one line for all versions, and a bad one hides in it."""
    (relabeling,) = POD_VERSION
    assert relabeling == {
        "sourceLabels": ["__meta_kubernetes_pod_label_app_kubernetes_io_version"],
        "targetLabel": "version",
    }
    queries = [query.expr for panel in CANARY.panels for query in panel.queries]
    assert queries and all("by (job, version" in one for one in queries)
    systems = set(DECLARATIONS)
    told = [
        (body["metadata"]["namespace"], body["spec"]["selector"]["matchLabels"])
        for body in objects(graph, "ServiceMonitor", "PodMonitor")
        if all(relabeling in one.get("relabelings", []) for one in _endpoints(body))
    ]
    pods = [one for one in workloads(graph) if one.namespace in systems and one.title.startswith("Deployment")]
    assert len(pods) > 10
    for pod in pods:
        assert pod.labels["app.kubernetes.io/version"], pod.title
    silent = {"cloudlens-frontend", "frontend", "multi-cluster-manager-frontend"}
    for pod in pods:
        if pod.title.partition(" ")[2] not in silent:
            assert any(namespace == pod.namespace and selects(labels, pod) for namespace, labels in told), pod.title


def _endpoints(body: Any) -> Any:
    return body["spec"].get("endpoints") or body["spec"]["podMetricsEndpoints"]
