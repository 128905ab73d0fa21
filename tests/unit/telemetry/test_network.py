"""Who reaches what carries logs and traces, and where it may go itself."""

from __future__ import annotations

import json

import pytest

from components.monitoring.prometheus import LABELS
from graph.model import Graph
from tests.unit.reachability import Connection, End, Policies
from tests.unit.recordings import objects, one, recorded
from tests.unit.scratch import Scratch
from tests.unit.telemetry.environments import SMALL, jaeger

NAME = "app.kubernetes.io/name"
PROGRAMS = ("alloy", "fluent-bit", "loki", "otel-collector", "otel-sampler", "tempo")
ENDS = [
    *(End(name, "telemetry", {NAME: name}) for name in PROGRAMS),
    End("api-gateway", "astrbot", {NAME: "api-gateway"}),
    End("prometheus", "monitoring", {NAME: "prometheus", "prometheus": "main", **LABELS}),
    End("grafana", "monitoring", {NAME: "grafana"}),
]
TCP = [(port, "TCP") for port in (2020, 3100, 3200, 4317, 4318, 7946, 8888, 8889, 8890, 9095, 12345)]
SCRAPES = {
    ("alloy", 12345), ("fluent-bit", 2020), ("loki", 3100), ("otel-collector", 8888), ("otel-collector", 8889),
    ("otel-sampler", 8888), ("otel-sampler", 8890), ("tempo", 3200),
}  # fmt: skip
WANTED = {
    Connection("api-gateway", "otel-collector", 4317),
    Connection("api-gateway", "otel-collector", 4318),
    Connection("otel-collector", "otel-sampler", 4317),
    Connection("otel-collector", "loki", 3100),
    Connection("otel-sampler", "tempo", 4317),
    Connection("alloy", "loki", 3100),
    Connection("alloy", "fluent-bit", 4318),
    Connection("grafana", "loki", 3100),
    Connection("grafana", "tempo", 3200),
    Connection("alloy", "alloy", 12345),
    *(Connection("loki", "loki", port) for port in (7946, 9095)),
    *(Connection("prometheus", program, port) for program, port in SCRAPES),
}


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_everything_that_is_needed_is_let_through_and_nothing_else(stack: str) -> None:
    """What is closed loses lines in silence; what is open writes lines for others."""
    inside = [one for one in ENDS if one.namespace == "telemetry"]
    found = Policies(recorded(stack)).connections(ENDS, inside, TCP)
    assert {str(one) for one in found} == {str(one) for one in WANTED}


def test_fluent_bit_reaches_the_elasticsearch_of_the_file_and_nobody_else_does() -> None:
    elasticsearch = End("elasticsearch", "logging", {})
    graph = recorded("prod")
    policies = [body for body in objects(graph, "NetworkPolicy") if body["metadata"]["namespace"] == "telemetry"]
    allowed = {
        body["metadata"]["name"]
        for body in policies
        for rule in body["spec"].get("egress", ())
        for peer in rule["to"]
        if peer.get("namespaceSelector", {}).get("matchLabels")
        == {"kubernetes.io/metadata.name": elasticsearch.namespace}
    }
    assert allowed == {"fluent-bit"}


def sources(graph: Graph) -> dict[str, dict[str, object]]:
    """Grafana's data sources by their names."""
    document = json.loads(one(graph, "ConfigMap", "grafana-provisioning")["data"]["datasources.yaml"])
    return {source["name"]: source for source in document["datasources"]}


def test_grafana_leads_from_a_span_to_its_lines_and_back() -> None:
    found = sources(recorded("prod"))
    assert found.keys() == {"Prometheus", "Loki", "Tempo"}
    loki, tempo = found["Loki"], found["Tempo"]
    assert isinstance(loki["jsonData"], dict)
    assert isinstance(tempo["jsonData"], dict)
    (derived,) = loki["jsonData"]["derivedFields"]
    assert derived["datasourceUid"] == tempo["uid"]
    assert tempo["jsonData"]["tracesToLogsV2"]["datasourceUid"] == loki["uid"]
    assert tempo["jsonData"]["serviceMap"]["datasourceUid"] == found["Prometheus"]["uid"]
    # A single `$` would be a variable of Grafana's own environment, and empty.
    assert "$" not in json.dumps([loki, tempo]).replace("$$", "")


def test_grafana_has_the_stores_that_there_are(scratch: Scratch) -> None:
    assert sources(scratch.record(SMALL)).keys() == {"Prometheus", "Loki", "Tempo"}
    assert sources(scratch.record(jaeger())).keys() == {"Prometheus", "Jaeger"}
