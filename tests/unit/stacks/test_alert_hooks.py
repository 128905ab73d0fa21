"""A system's own service that Alertmanager tells of alerts: it is told where the system is deployed, and only there."""

from __future__ import annotations

from typing import Any

import pytest

from graph.model import Graph
from tests.unit.recordings import DECLARATIONS, one, with_systems
from tests.unit.scratch import Scratch, as_text, graph_of

HOOKED = [declaration for declaration in DECLARATIONS.values() if declaration.alert_hook]


def configuration(graph: Graph) -> dict[str, Any]:
    spec: dict[str, Any] = one(graph, "AlertmanagerConfig", "alertmanager-main", None)["spec"]
    return spec


def test_some_system_has_one() -> None:
    """Else the tests below look at nothing."""
    assert [declaration.name for declaration in HOOKED] == ["astrbot"]


@pytest.mark.parametrize("declaration", HOOKED, ids=lambda declaration: declaration.name)
def test_it_is_told_of_alerts_that_the_system_has(declaration: Any) -> None:
    """A misspelt name would leave it waiting for ever."""
    assert set(declaration.alert_hook.alerts) <= {alert.name for alert in declaration.rules.alerts}


def test_where_its_system_is_deployed_it_is_told(dev: Graph) -> None:
    """At the port on which it listens."""
    receivers = {receiver["name"]: receiver for receiver in configuration(dev)["receivers"]}
    (hook,) = receivers["astrbot-alerts"]["webhookConfigs"]
    assert hook["url"] == "http://astrbot-manager.astrbot.svc.cluster.local:8000/webhook/alert"
    assert "astrbot-alerts" in {route["receiver"] for route in configuration(dev)["route"]["routes"]}


def test_without_its_system_nobody_waits_for_alerts() -> None:
    """A receiver in a namespace that is not there: each alert would be a failed notification, which is an alert."""
    graph = graph_of("dev", with_systems("dev", "orders", telemetry=False))
    assert {receiver["name"] for receiver in configuration(graph)["receivers"]} == {"nobody"}
    assert not configuration(graph)["route"].get("routes")
    policies = [body for body in graph.objects if body["kind"] == "NetworkPolicy"]
    assert not [body["metadata"]["name"] for body in policies if "astrbot" in str(body)]


def test_its_name_is_kept_for_it(scratch: Scratch) -> None:
    """Two receivers of one name: Alertmanager refuses the whole configuration."""
    document = with_systems("dev", "astrbot", telemetry=False)
    own = {"name": "astrbot-alerts", "webhook": {"url": "https://example.com/hook"}}
    document["config"]["saas-platform:monitoring"] = {"receivers": [own]}
    (problem,) = scratch.problems(as_text(document))
    assert "monitoring.receivers[0].name" in str(problem)
    assert "'astrbot-alerts' is kept for the services of that system: take another name" in str(problem)
