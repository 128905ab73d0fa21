"""Every metric that an environment reads is scraped there: no alert is silent, and no panel empty, without a source."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pytest

from components.monitoring import catalogue, promql
from components.monitoring.exporters.kubelet import endpoints
from components.stores.store_list import STORES
from graph.model import Graph
from stacks.monitoring.levels import LEVELS
from stacks.system.component import system_rules
from tests.unit.recordings import DECLARATIONS, Body, objects, recorded
from tests.unit.workloads import selects, workloads

# The label selector and port by which each store is scraped, by its capability.
SELECTED = {
    "database": ({"cnpg.io/podRole": "instance"}, "metrics"),
    "cache": ({}, "redis-exporter"),
    "object_storage": ({"app.kubernetes.io/name": "minio"}, "s3"),
}
PROMETHEUS = ({"app.kubernetes.io/name": "prometheus"}, "web")


def monitors(graph: Graph) -> Iterator[tuple[str, Body, Body]]:
    """The name, label selector and endpoint of everything that is scraped."""
    for body in objects(graph, "ServiceMonitor", "PodMonitor"):
        spec = body["spec"]
        for endpoint in spec.get("endpoints") or spec["podMetricsEndpoints"]:
            yield body["metadata"]["name"], spec["selector"]["matchLabels"], endpoint


def is_scraped(graph: Graph, labels: Mapping[str, str], port: str) -> bool:
    """Whether a monitor has this label selector and port."""
    return any(
        labels.items() <= selector.items() and endpoint["port"] == port for _, selector, endpoint in monitors(graph)
    )


def scraped(graph: Graph) -> set[str]:
    """The sources of the catalogue that the environment scrapes."""
    found = list(monitors(graph))
    by_name = {name for name, _, _ in found}
    sources = by_name & catalogue.SOURCES.keys()
    sources |= {"opentelemetry-collector"} if "otel-collector" in by_name else set()
    sources |= {"prometheus"} if is_scraped(graph, *PROMETHEUS) else set()
    # Every service of a system tells the platform's HTTP metrics.
    sources |= {"applications"} if "api-gateway" in by_name else set()
    sources |= {"thanos"} if {"thanos-query", "thanos-store", "thanos-compactor", "thanos-ruler"} <= by_name else set()
    return sources | ({"blackbox-exporter"} if objects(graph, "Probe") else set())


def expressions(graph: Graph) -> Iterator[tuple[str, str]]:
    """Every query of rules and dashboards, with its place."""
    for body in objects(graph, "PrometheusRule"):
        for group in body["spec"]["groups"]:
            for rule in group["rules"]:
                yield f"{group['name']}: {rule.get('alert') or rule['record']}", rule["expr"]
    for body in objects(graph, "ConfigMap"):
        for name, text in body["data"].items():
            if body["metadata"]["name"].startswith("dashboard-"):
                for panel in json.loads(text)["panels"]:
                    yield from ((f"{name}: {panel['title']}", one["expr"]) for one in panel["targets"])


def test_every_metric_that_is_read_is_scraped(graph: Graph) -> None:
    """A query on what nobody tells is no error, and no answer."""
    rules = [
        rule for body in objects(graph, "PrometheusRule") for one in body["spec"]["groups"] for rule in one["rules"]
    ]
    made = {rule["record"] for rule in rules if "record" in rule}
    made |= {metric for one in DECLARATIONS.values() if one.rules for metric in one.rules.own}
    # Buckets of others tell nothing.
    ours = any(body["metadata"]["name"] == "minio" for body in objects(graph, "StatefulSet"))
    there = [one for one in STORES if one.capability != "object_storage" or ours]
    assert all(is_scraped(graph, *SELECTED[one.capability]) for one in there)
    made |= {metric for one in STORES for metric in one.metrics}
    known, read = scraped(graph), list(expressions(graph))
    assert len(read) > 20
    without = {place: sorted(promql.metrics(expr)) for place, expr in read if not catalogue.scraped(expr, known, made)}
    assert without == {}


def test_what_a_level_says_of_its_sources_is_what_is_scraped(graph: Graph) -> None:
    """Alerts are left out by what the level says: if that were wrong, they would be missing or silent."""
    level = {"dev": "basic", "staging": "production", "prod": "comprehensive"}[graph.stack]
    programs = {"alloy", "loki", "fluent-bit", "tempo"}
    declared = LEVELS[level].sources  # type: ignore[index]
    logs_and_traces = {*programs, "opentelemetry-collector"} if graph.stack != "dev" else set()
    assert declared | logs_and_traces == scraped(graph)


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_redis_and_postgresql_are_scraped_whatever_their_kind(stack: str) -> None:
    """The operator's label of each role has to be known, and a port of that name has to be there."""
    graph = recorded(stack)
    stores = [one for one in workloads(graph) if one.title.split()[0] in ("Redis", "RedisCluster", "Cluster", "Pooler")]
    assert len(stores) >= 3
    for store in stores:
        assert any(selects(labels, store) for _, labels, _ in monitors(graph)), store.title


def test_a_small_level_leaves_out_what_it_cannot_see_and_nothing_else() -> None:
    """`NodeNotReady` without kube-state-metrics would be silent, and look like good news."""
    every = {one.name for one in system_rules(DECLARATIONS["multicluster"]).alerts}
    small = {one.name for one in system_rules(DECLARATIONS["multicluster"], LEVELS["basic"].sources).alerts}
    assert {"NodeNotReady", "PodNotReady", "HighCPUUsage"} <= every - small
    assert {"HighErrorRate", "HighLatency", "ErrorBudgetBurn"} <= small
    for declaration in DECLARATIONS.values():
        left = {one.name for one in system_rules(declaration, LEVELS["full"].sources).alerts}
        assert {one.name for one in system_rules(declaration).alerts} <= left, "the larger levels see everything"


def test_of_the_kubelet_everything_is_kept_that_the_catalogue_has() -> None:
    """What is dropped at the scrape is in no query's answer."""
    assert [one.path for one in endpoints()] == ["/metrics", "/metrics/cadvisor"], "volumes are told by the first alone"
    for endpoint in endpoints():
        (rule,) = endpoint.as_spec()["metricRelabelings"]
        assert (rule["action"], set(rule["regex"].split("|"))) == ("keep", set(catalogue.SOURCES["kubelet"]))


def test_only_prometheus_may_ask_the_kubelets_and_says_who_it_is() -> None:
    """The kubelet refuses everybody without `nodes/metrics`."""
    endpoint = next(one for name, _, one in monitors(recorded("dev")) if name == "kubelet")
    assert endpoint["bearerTokenFile"].endswith("serviceaccount/token")
    (role,) = (one for one in objects(recorded("dev"), "ClusterRole") if "prometheus" in one["metadata"]["name"])
    assert {"apiGroups": [""], "resources": ["nodes/metrics"], "verbs": ["get"]} in role["rules"]


def test_exporters_read_no_secrets_and_take_nothing_of_the_host() -> None:
    graph = recorded("prod")
    (role,) = (one for one in objects(graph, "ClusterRole") if "state-metrics" in one["metadata"]["name"])
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"list", "watch"}
    assert not {"secrets", "configmaps"} & {name for rule in role["rules"] for name in rule["resources"]}
    (daemon,) = objects(graph, "DaemonSet")
    pod = daemon["spec"]["template"]["spec"]
    assert not [volume for volume in pod["volumes"] if "hostPath" in volume]
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
