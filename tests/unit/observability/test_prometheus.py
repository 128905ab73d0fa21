"""What Prometheus keeps, scrapes and sends, as the documents say, and what it refuses before it is deployed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from components.kubernetes.footprint import ContainerResources
from components.kubernetes.naming import Scope
from components.kubernetes.quantity import Bytes
from components.monitoring.monitors import Endpoint
from components.monitoring.prometheus import PrometheusArgs, RemoteWrite, specification
from graph.model import Graph
from paths import ROOT
from tests.unit.recordings import DECLARATIONS, objects, one, recorded, title
from tests.unit.workloads import selects, workloads

ARGUMENTS: dict[str, Any] = {
    "scope": Scope(namespace="monitoring", system="monitoring", environment="test"),
    "name": "main",
    "replicas": 2,
    "resources": ContainerResources.of("2", "4", "4Gi", "8Gi"),
    "storage": Bytes.parse("100Gi"),
    "storage_class": "fast-ssd",
    "retention": "15d",
    "retention_size": Bytes.parse("90G"),
    "external_labels": {"cluster": "test"},
}


def test_production_keeps_the_documents_fifteen_days_in_ninety_gigabytes() -> None:
    """Orders document, sections 7.1 and 10."""
    spec = one(recorded("prod"), "Prometheus", "main")["spec"]
    assert (spec["replicas"], spec["retention"], spec["walCompression"]) == (2, "15d", True)
    assert int(spec["retentionSize"].removesuffix("MB")) * 2**20 == pytest.approx(90e9, rel=1e-4)
    claim = spec["storage"]["volumeClaimTemplate"]["spec"]
    assert (claim["resources"]["requests"]["storage"], claim["storageClassName"]) == ("100Gi", "fast-ssd")
    assert spec["resources"]["requests"]["memory"] == "4Gi"
    assert spec["resources"]["limits"] == {"cpu": "4", "memory": "8Gi", "ephemeral-storage": "1Gi"}
    assert spec["web"]["tlsConfig"]["cert"]["secret"] == {"name": "prometheus-tls", "key": "tls.crt"}
    assert spec["thanos"]["objectStorageConfig"]["name"] == "thanos-object-storage"


def test_replicas_never_share_a_node(graph: Graph) -> None:
    """Two replicas on one node are lost together."""
    for body in objects(graph, "Prometheus", "Alertmanager"):
        (term,) = body["spec"]["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        assert term["topologyKey"] == "kubernetes.io/hostname", title(body)


@pytest.mark.parametrize(("stack", "count"), [("dev", 1), ("staging", 3), ("prod", 3)])
def test_alertmanager_survives_a_node_where_people_depend_on_it(stack: str, count: int) -> None:
    assert one(recorded(stack), "Alertmanager", "main")["spec"]["replicas"] == count


def test_a_retention_larger_than_the_volume_is_refused_with_both_figures() -> None:
    """Prometheus fills its volume and then loses what it scrapes."""
    with pytest.raises(ValueError, match=r"Prometheus main: retention_size .* is larger than .* 85% of storage 50Gi"):
        PrometheusArgs(**{**ARGUMENTS, "storage": Bytes.parse("50Gi")})
    with pytest.raises(ValueError, match="'a fortnight' is not a duration"):
        PrometheusArgs(**{**ARGUMENTS, "retention": "a fortnight"})


def test_a_scrape_that_outlasts_its_interval_is_refused() -> None:
    with pytest.raises(ValueError, match="endpoint http: timeout 1m is longer than interval 30s"):
        Endpoint(port="http", interval="30s", timeout="1m")


def test_all_is_scraped_and_evaluated_at_the_documents_fifteen_seconds_unless_a_document_says_otherwise() -> None:
    """The multi-cluster manager's and the federated risk document's; the orders document names its own, as that of
    federated risk does for its services.
    """
    graph = recorded("prod")
    spec = one(graph, "Prometheus", "main")["spec"]
    assert (spec["scrapeInterval"], spec["evaluationInterval"]) == ("15s", "15s")
    own = {
        f"{body['metadata']['namespace']}/{body['metadata']['name']}": endpoint["interval"]
        for body in objects(graph, "ServiceMonitor", "PodMonitor")
        for endpoint in body["spec"].get("endpoints") or body["spec"]["podMetricsEndpoints"]
        if "interval" in endpoint and endpoint["path"] == "/metrics"
    }
    assert own == {
        "orders/rust-app": "30s",
        "orders/rust-stateful-app": "30s",
        "orders/multi-service": "30s",
        "federated-risk/consent-service": "10s",
        "federated-risk/psi-service": "10s",
        "federated-risk/model-serving": "10s",
        "multicluster/multi-cluster-manager-backend": "15s",
    }


def test_remote_write_drops_expensive_series_and_has_the_documents_queue() -> None:
    """Orders document, section 7.3."""
    target = RemoteWrite(url="http://victoria-metrics:8428/api/v1/write", dropped="expensive_metric.*")
    (spec,) = specification(PrometheusArgs(**ARGUMENTS, remote_write=[target]))["remoteWrite"]
    assert spec["queueConfig"]["capacity"] == 10000
    assert spec["writeRelabelConfigs"] == [
        {"sourceLabels": ["__name__"], "regex": "expensive_metric.*", "action": "drop"}
    ]


def test_every_workload_is_scraped_by_exactly_one_monitor(graph: Graph) -> None:
    """Scraped twice, every rate is double; scraped never, every alert is silent. Jobs end and serve no metrics, and a
    service may say that it tells none."""
    scrapes: Counter[str] = Counter()
    serving = [workload for workload in workloads(graph) if workload.title.split()[0] not in ("Job", "CronJob")]
    for workload in serving:
        for monitor in objects(graph, "ServiceMonitor", "PodMonitor"):
            if monitor["metadata"]["namespace"] == workload.namespace:
                # Services have the labels of their pods here.
                scrapes[f"{workload.namespace} {workload.title}"] += selects(
                    monitor["spec"]["selector"]["matchLabels"], workload
                )
    silent = {
        f"{system} Deployment {service.name}"
        for system, declaration in DECLARATIONS.items()
        for service in declaration.services
        if service.metrics is not None and not service.metrics
    }
    assert silent == {
        "cloudlens Deployment cloudlens-frontend",
        "federated-risk Deployment frontend",
        "multicluster Deployment multi-cluster-manager-frontend",
    }, "their documents scrape the back ends alone"
    assert {name: count for name, count in scrapes.items() if count != (name not in silent)} == {}
    assert len(scrapes) == len(serving)


def test_every_alert_leads_to_a_page_that_says_what_to_do(graph: Graph) -> None:
    """Who is woken at night must not have to guess."""
    linked = set()
    for body in objects(graph, "PrometheusRule"):
        for rule in (each for group in body["spec"]["groups"] for each in group["rules"] if "alert" in each):
            page = rule["annotations"]["runbook_url"].rpartition("/")[2]
            text = (ROOT / "docs" / "runbooks" / f"{page}.md").read_text(encoding="utf-8")
            sections = ("## What it means", "## Impact", "## Diagnosis", "## Mitigation")
            assert all(section in text for section in sections), page
            linked.add(page)
    assert len(linked) >= 15
