"""What the monitoring's own parts must reach, and what they cannot, by the network policies of its namespace."""

from __future__ import annotations

import pytest

from components.monitoring.prometheus import LABELS
from graph.model import Graph
from tests.unit.reachability import End, Policies
from tests.unit.recordings import objects, recorded
from tests.unit.workloads import Workload, selects, workloads

NAMESPACE = "monitoring"
INTERNET, NODE = End("internet", address="93.184.216.34"), End("node", address="10.0.0.7")
# The ports of pods that operators make, by the names that they give them.
OPERATED = {"Prometheus": {"web": 9090, "http": 10902}, "Alertmanager": {"web": 9093}, "ThanosRuler": {"web": 10902}}


def parts(graph: Graph) -> dict[str, Workload]:
    """The pods of the namespace by name."""
    mine = [one for one in workloads(graph) if one.namespace == NAMESPACE]
    return {one.title.partition(" ")[0] if "main" in one.title else one.title.partition(" ")[2]: one for one in mine}


def end(name: str, workload: Workload) -> End:
    return End(name, workload.namespace, workload.labels)


def port_of(workload: Workload, name: str) -> int:
    operated = OPERATED.get(workload.title.partition(" ")[0], {})
    own = {port["name"]: port["containerPort"] for one in workload.containers for port in one.get("ports", [])}
    return int((own | operated)[name])


def lets(graph: Graph, source: End, target: End, port: int) -> bool:
    return bool(Policies(graph).connections([source], [target], [(port, "TCP")]))


def test_prometheus_reaches_every_part_that_it_scrapes(graph: Graph) -> None:
    """A target that a policy hides is down, and its alerts with it."""
    found = parts(graph)
    prometheus, checked = end("prometheus", found["Prometheus"]), 0
    for body in objects(graph, "ServiceMonitor", "PodMonitor"):
        if body["metadata"]["namespace"] != NAMESPACE or body["metadata"]["name"] == "kubelet":
            continue
        for name, workload in found.items():
            if selects(body["spec"]["selector"]["matchLabels"], workload):
                for endpoint in body["spec"].get("endpoints") or body["spec"]["podMetricsEndpoints"]:
                    checked += 1
                    port = port_of(workload, endpoint["port"])
                    assert lets(graph, prometheus, end(name, workload), port), f"{name}:{port}"
    assert checked == {"dev": 2, "staging": 7, "prod": 12}[graph.stack]
    assert lets(graph, prometheus, NODE, 10250), "the kubelets"


FLOWS = [
    ("grafana", "thanos-query", 10902),
    ("ThanosRuler", "thanos-query", 10902),
    ("ThanosRuler", "Alertmanager", 9093),
    ("Prometheus", "Alertmanager", 9093),
    ("Prometheus", "blackbox-exporter", 9115),
    ("thanos-query", "Prometheus", 10901),
    ("thanos-query", "ThanosRuler", 10901),
    ("thanos-query", "thanos-store", 10901),
]


@pytest.mark.parametrize(("source", "target", "port"), FLOWS)
def test_the_parts_of_the_monitoring_reach_each_other(source: str, target: str, port: int) -> None:
    found = parts(recorded("prod"))
    assert lets(recorded("prod"), end(source, found[source]), end(target, found[target]), port)


@pytest.mark.parametrize("name", ["thanos-store", "thanos-compactor", "ThanosRuler", "Prometheus", "blackbox-exporter"])
def test_what_uses_the_bucket_or_probes_customers_addresses_gets_out(name: str) -> None:
    found = parts(recorded("prod"))
    assert lets(recorded("prod"), end(name, found[name]), INTERNET, 443)


@pytest.mark.parametrize("name", ["node-exporter", "pushgateway", "thanos-query", "grafana"])
def test_nothing_else_gets_out(name: str) -> None:
    """Whoever breaks into an exporter shall find no way on."""
    graph, found = recorded("prod"), parts(recorded("prod"))
    assert not lets(graph, end(name, found[name]), INTERNET, 443)
    assert not lets(graph, end(name, found[name]), NODE, 10250)


def test_systems_push_and_strangers_do_not() -> None:
    graph = recorded("prod")
    gateway = end("pushgateway", parts(graph)["pushgateway"])
    assert not lets(graph, End("stranger", "default", {"app": "a"}), gateway, 9091)
    assert lets(graph, End("job", "elsewhere", LABELS), gateway, 9091) is False
    policy = next(one for one in objects(graph, "NetworkPolicy") if one["metadata"]["name"] == "pushgateway")
    peers = [peer for rule in policy["spec"]["ingress"] for peer in rule["from"]]
    assert {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "astrbot"}}} in peers
