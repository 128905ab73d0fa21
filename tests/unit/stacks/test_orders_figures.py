"""Every figure that the guide to the Prometheus Operator gives for its own applications, in each environment.

Sections: 3.1 and 8.2 the application, 3.2 the size of what is beside it, 3.3 several ports, 4.2 the StatefulSet.
Alerts and recording rules (5, 8.2) are asserted with those of all systems, in tests/unit/observability.
"""

from __future__ import annotations

from typing import Any

import pytest

from graph.model import Graph
from policy.engine.evaluation import evaluate
from stacks.systems.orders.board import BOARD
from tests.unit.recordings import environment_of, of_system, one, recorded, settings_of

SYSTEM = "orders"
APPLICATION, STATEFUL, SEVERAL_PORTS = "rust-app", "rust-stateful-app", "multi-service"
STACKS = ("dev", "staging", "prod")
every_stack = pytest.mark.parametrize("stack", STACKS)
full_size = pytest.mark.parametrize("stack", ["staging", "prod"])


def found(graph: Graph, kind: str, name: str) -> Any:
    return one(graph, kind, name, SYSTEM)


def container(graph: Graph, name: str) -> Any:
    kind = "StatefulSet" if name == STATEFUL else "Deployment"
    (only,) = found(graph, kind, name)["spec"]["template"]["spec"]["containers"]
    return only


def ports(graph: Graph, service: str) -> dict[str, tuple[int, str]]:
    spec = found(graph, "Service", service)["spec"]
    assert spec["type"] == "ClusterIP"
    return {port["name"]: (port["port"], port["targetPort"]) for port in spec["ports"]}


@every_stack
def test_there_are_just_the_guides_applications(stack: str) -> None:
    graph = recorded(stack)
    names = {body["metadata"]["name"] for body in of_system(graph, SYSTEM, "Deployment", "StatefulSet")}
    assert names == {APPLICATION, STATEFUL, SEVERAL_PORTS}


@every_stack
def test_the_service_leads_from_80_and_9090_to_8080(stack: str) -> None:
    """Sections 3.2 and 8.2: http 80, metrics 9090, both to the container's 8080."""
    graph = recorded(stack)
    assert container(graph, APPLICATION)["ports"] == [{"name": "http", "containerPort": 8080, "protocol": "TCP"}]
    assert ports(graph, APPLICATION) == {"http": (80, "http"), "metrics": (9090, "http")}


@every_stack
def test_the_application_has_three_replicas(stack: str) -> None:
    """Sections 3.2 and 8.2; autoscaled, that is the fewest."""
    spec = found(recorded(stack), "HorizontalPodAutoscaler", APPLICATION)["spec"]
    assert (spec["minReplicas"], spec["scaleTargetRef"]["name"]) == (3, APPLICATION)


@full_size
@pytest.mark.parametrize(
    ("name", "requests", "limits"),
    [
        (APPLICATION, ("250m", "256Mi"), ("1", "512Mi")),
        (STATEFUL, ("100m", "128Mi"), ("500m", "256Mi")),
        (SEVERAL_PORTS, ("100m", "128Mi"), ("500m", "256Mi")),
    ],
)
def test_an_application_has_the_guides_requests_and_limits(
    stack: str, name: str, requests: tuple[str, str], limits: tuple[str, str]
) -> None:
    """Section 8.2 for the application, 3.2 for what is beside it."""
    resources = container(recorded(stack), name)["resources"]
    assert (resources["requests"]["cpu"], resources["requests"]["memory"]) == requests
    assert (resources["limits"]["cpu"], resources["limits"]["memory"]) == limits


@every_stack
@pytest.mark.parametrize(
    ("name", "port", "period"), [(APPLICATION, "http", 10), (STATEFUL, "metrics", 5), (SEVERAL_PORTS, "http", 5)]
)
def test_an_application_is_probed_with_the_guides_figures(stack: str, name: str, port: str, period: int) -> None:
    """Section 8.2 asks every 10 s whether it lives, 3.2 every 5 s. Both ask /health."""
    probed = container(recorded(stack), name)
    liveness, readiness = probed["livenessProbe"], probed["readinessProbe"]
    assert liveness["httpGet"] == {"path": "/health", "port": port}
    assert (liveness["initialDelaySeconds"], liveness["periodSeconds"]) == (10, period)
    assert readiness["httpGet"] == probed["startupProbe"]["httpGet"] == {"path": "/health", "port": port}
    assert (readiness["initialDelaySeconds"], readiness["periodSeconds"]) == (5, 5)


@every_stack
def test_the_application_runs_the_guides_version_and_logs_as_it_says(stack: str) -> None:
    """Section 8.2: v1.0.0, RUST_LOG=info. Section 4.2: the StatefulSet runs the same image."""
    graph = recorded(stack)
    image = f"{settings_of(stack).get('registry', 'ghcr.io/saas-platform')}/{APPLICATION}:v1.0.0"
    assert container(graph, APPLICATION)["image"] == container(graph, STATEFUL)["image"] == image
    assert environment_of(container(graph, APPLICATION))["RUST_LOG"]["value"] == "info"


@every_stack
def test_prometheus_reads_the_application_every_thirty_seconds(stack: str) -> None:
    """Sections 3.1 and 8.2: port `metrics`, 30 s, /metrics, of the Services with the application's label."""
    spec = found(recorded(stack), "ServiceMonitor", APPLICATION)["spec"]
    assert spec["selector"] == {"matchLabels": {"app.kubernetes.io/name": APPLICATION}}
    (endpoint,) = spec["endpoints"]
    assert (endpoint["port"], endpoint["interval"], endpoint["path"]) == ("metrics", "30s", "/metrics")
    # The guide's `http`, which is the default.
    assert endpoint.get("scheme", "http") == "http"


@every_stack
def test_several_ports_are_read_each_in_its_own_way(stack: str) -> None:
    """Section 3.3: metrics, jmx and probe, each with its path and interval; each is a port of Service and container."""
    graph = recorded(stack)
    endpoints = found(graph, "ServiceMonitor", SEVERAL_PORTS)["spec"]["endpoints"]
    read = {one["port"]: (one["interval"], one["path"]) for one in endpoints}
    assert read == {"metrics": ("30s", "/metrics"), "jmx": ("60s", "/jmx-metrics"), "probe": ("10s", "/probe")}
    assert set(read) <= set(ports(graph, SEVERAL_PORTS))
    listening = {port["name"]: port["containerPort"] for port in container(graph, SEVERAL_PORTS)["ports"]}
    policy = found(graph, "NetworkPolicy", SEVERAL_PORTS)["spec"]["ingress"]
    allowed = {port["port"] for rule in policy for port in rule["ports"]}
    assert {listening[name] for name in read} <= allowed, "Prometheus does not get through"


@every_stack
def test_the_stateful_application_has_three_pods_with_a_volume_each(stack: str) -> None:
    """Section 4.2: 3 replicas, port 8080 as `metrics`, 1Gi at /data, ReadWriteOnce, named by a headless Service."""
    graph = recorded(stack)
    spec = found(graph, "StatefulSet", STATEFUL)["spec"]
    assert spec["replicas"] == 3
    assert container(graph, STATEFUL)["ports"] == [{"name": "metrics", "containerPort": 8080, "protocol": "TCP"}]
    (claim,) = spec["volumeClaimTemplates"]
    assert claim["metadata"]["name"] == "data"
    assert (claim["spec"]["accessModes"], claim["spec"]["resources"]["requests"]) == (
        ["ReadWriteOnce"],
        {"storage": "1Gi"},
    )
    assert {"name": "data", "mountPath": "/data"} in container(graph, STATEFUL)["volumeMounts"]
    assert found(graph, "Service", spec["serviceName"])["spec"]["clusterIP"] == "None"


@every_stack
def test_pods_of_the_stateful_application_are_told_apart_by_their_ordinal(stack: str) -> None:
    """Section 4.2: a PodMonitor on `metrics`, 30 s, with the labels `pod` and `pod_ordinal`."""
    spec = found(recorded(stack), "PodMonitor", STATEFUL)["spec"]
    assert spec["selector"] == {"matchLabels": {"app.kubernetes.io/name": STATEFUL}}
    (endpoint,) = spec["podMetricsEndpoints"]
    assert (endpoint["port"], endpoint["interval"], endpoint["path"]) == ("metrics", "30s", "/metrics")
    name = {"sourceLabels": ["__meta_kubernetes_pod_name"]}
    assert {**name, "targetLabel": "pod"} in endpoint["relabelings"]
    ordinal = {**name, "regex": "(.*)-([0-9]+)", "replacement": "$2", "targetLabel": "pod_ordinal"}
    assert ordinal in endpoint["relabelings"]
    monitored = {body["metadata"]["name"] for body in of_system(recorded(stack), SYSTEM, "ServiceMonitor")}
    assert STATEFUL not in monitored, "each pod would be read twice"


@every_stack
def test_the_ingress_leads_to_port_80_of_the_application(stack: str) -> None:
    """Section 8.2: host rust-app, path / as Prefix, number 80; TLS is this program's."""
    spec = found(recorded(stack), "Ingress", APPLICATION)["spec"]
    host = f"rust-app.{settings_of(stack)['domain']}"
    backend = {"service": {"name": APPLICATION, "port": {"number": 80}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    assert spec["rules"] == [{"host": host, "http": {"paths": paths}}]
    assert spec["tls"] == [{"hosts": [host], "secretName": "orders-tls"}]


@every_stack
def test_rules_are_evaluated_as_often_as_the_guide_says(stack: str) -> None:
    """Sections 5.1, 5.2 and 8.2: 30 s; 5.3: 60 s for critical alerts, 300 s for warnings."""
    groups = found(recorded(stack), "PrometheusRule", "orders-alerts")["spec"]["groups"]
    intervals = {
        rule.get("alert") or rule["record"]: group.get("interval") for group in groups for rule in group["rules"]
    }
    assert (
        intervals
        | {
            "HighErrorRate": "30s",
            "HighLatency": "30s",
            "PodDown": "30s",
            "HighMemoryUsage": "30s",
            "RustAppDown": "30s",
            "job:http_requests:rate5m": "30s",
            "job:http_errors:rate5m": "30s",
            "job:http_request_duration:p95": "30s",
            "ServiceDown": "60s",
            "HighCPU": "300s",
        }
        == intervals
    )


@pytest.mark.parametrize(
    "metric",
    [
        "orders_total",
        "order_creation_duration_seconds",
        "active_orders",
        "orders_revenue_cents",
        "payment_processing_duration_seconds",
        "inventory_updates_total",
    ],
)
def test_the_dashboard_shows_every_metric_of_the_business(metric: str) -> None:
    """Sections 8.1 and 9.1."""
    assert any(metric in query.expr for panel in BOARD.panels for query in panel.queries)


@every_stack
def test_no_policy_finds_fault_with_the_system(stack: str) -> None:
    assert [finding.message for finding in evaluate(recorded(stack)) if " orders/" in finding.message] == []
