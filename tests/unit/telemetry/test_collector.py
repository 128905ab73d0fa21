"""The collectors: their configuration by the collector's own rules, and what of the traces they keep."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from components.kubernetes.quantity import Bytes
from components.telemetry.pipelines import Sampling, policies
from graph.model import Graph
from tests.unit.recordings import objects, one, recorded
from tests.unit.scratch import Scratch
from tests.unit.telemetry.collectors import problems
from tests.unit.telemetry.environments import SMALL, jaeger

FILES = {"otel-collector": "collector.yaml", "otel-sampler": "collector.yaml", "jaeger": "jaeger.yaml"}


def configurations(graph: Graph) -> dict[str, Any]:
    """The collectors' configurations by program."""
    found = {}
    for body in objects(graph, "ConfigMap"):
        name = body["metadata"]["name"]
        if body["metadata"]["namespace"] == "telemetry" and name in FILES:
            found[name] = json.loads(body["data"][FILES[name]])
    return found


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_the_collector_accepts_its_configuration_where_there_are_two_tiers(stack: str) -> None:
    found = configurations(recorded(stack))
    assert found.keys() == {"otel-collector", "otel-sampler"}
    for name, document in found.items():
        assert list(problems(document)) == [], name


def test_the_collector_accepts_its_configuration_where_one_pod_does_all(scratch: Scratch) -> None:
    for text, names in ((SMALL, {"otel-collector"}), (jaeger(), {"otel-collector", "jaeger"})):
        found = configurations(scratch.record(text))
        assert found.keys() == names
        for name, document in found.items():
            assert list(problems(document)) == [], name


def _swapped(document: Any) -> None:
    document["service"]["pipelines"]["traces"]["processors"].reverse()


def _unused(document: Any) -> None:
    document["exporters"]["debug"] = {}


def _missing(document: Any) -> None:
    del document["processors"]["tail_sampling"]


def _unconnected(document: Any) -> None:
    del document["service"]["pipelines"]["metrics/spans"]


def _twice(document: Any) -> None:
    document["exporters"]["prometheus/spans"]["endpoint"] = "0.0.0.0:4317"


def _renamed(document: Any) -> None:
    document["exporters"]["otlp/traces"] = document["exporters"].pop("otlp_grpc/traces")
    document["service"]["pipelines"]["traces"]["exporters"] = ["otlp/traces"]


@pytest.mark.parametrize("change", [_swapped, _unused, _missing, _unconnected, _twice, _renamed])
def test_the_rules_notice_a_configuration_that_the_collector_would_not_run(change: Callable[[Any], None]) -> None:
    document = copy.deepcopy(configurations(recorded("prod"))["otel-sampler"])
    change(document)
    assert list(problems(document))


@pytest.mark.parametrize("name", ["otel-collector", "otel-sampler"])
def test_the_memory_limiter_acts_before_the_kernel_does(name: str) -> None:
    """At the container's limit the kernel ends it, with every span that it holds."""
    limiter = configurations(recorded("prod"))[name]["processors"]["memory_limiter"]
    (container,) = one(recorded("prod"), "Deployment", name)["spec"]["template"]["spec"]["containers"]
    memory = Bytes.parse(container["resources"]["limits"]["memory"]).amount / 2**20
    assert limiter["limit_mib"] <= 0.8 * memory
    assert 0 < limiter["spike_limit_mib"] < limiter["limit_mib"]
    assert {"name": "GOMEMLIMIT", "value": f"{limiter['limit_mib']}MiB"} in container["env"]


def test_failed_and_slow_traces_are_always_kept_and_the_tiers_part_of_the_rest() -> None:
    found = policies(Sampling(rate=0.1, slow_milliseconds=500))["policies"]
    assert [one["type"] for one in found] == ["status_code", "latency", "probabilistic"]
    assert found[0]["status_code"] == {"status_codes": ["ERROR"]}
    assert found[1]["latency"] == {"threshold_ms": 500}
    assert found[2]["probabilistic"] == {"sampling_percentage": 10.0}
    with pytest.raises(ValueError, match="from 0 to 1, not 10"):
        Sampling(rate=10, slow_milliseconds=500)


def test_spans_of_a_trace_meet_in_one_sampler_and_are_counted_before_it_judges() -> None:
    """Two pods that see half a trace each keep neither its error nor its length."""
    found = configurations(recorded("prod"))
    gateway, sampler = found["otel-collector"], found["otel-sampler"]
    balancing = gateway["exporters"]["load_balancing"]
    assert balancing["routing_key"] == "traceID"
    service = balancing["resolver"]["dns"]["hostname"].partition(".")[0]
    assert one(recorded("prod"), "Service", service)["spec"]["clusterIP"] == "None"
    assert "tail_sampling" not in gateway["processors"]
    counted = sampler["service"]["pipelines"]["traces/counted"]
    assert (counted["processors"], counted["exporters"]) == (["memory_limiter"], ["span_metrics", "service_graph"])


def test_every_application_is_told_the_same_in_one_form() -> None:
    """One that is told nothing sends to localhost, and logs an error for each batch."""
    for body in objects(recorded("prod"), "Deployment"):
        if body["metadata"]["namespace"] != "astrbot":
            continue
        (container,) = body["spec"]["template"]["spec"]["containers"]
        told = {entry["name"]: entry.get("value", "") for entry in container["env"]}
        assert told["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://otel-collector.telemetry.svc.cluster.local:4317"
        assert told["OTEL_SERVICE_NAME"] == body["metadata"]["labels"]["app.kubernetes.io/name"]
        attributes = dict(part.split("=") for part in told["OTEL_RESOURCE_ATTRIBUTES"].split(","))
        assert attributes["deployment.environment.name"] == "prod"
        assert attributes["service.version"] == body["metadata"]["labels"]["app.kubernetes.io/version"]
        assert told["OTEL_TRACES_SAMPLER"] == "parentbased_always_on"


def test_dev_sends_no_traces_and_its_sdks_are_off() -> None:
    graph = recorded("dev")
    assert not [body for body in objects(graph, "Namespace") if body["metadata"]["name"] == "telemetry"]
    (container,) = one(graph, "Deployment", "api-gateway")["spec"]["template"]["spec"]["containers"]
    told = {entry["name"]: entry.get("value") for entry in container["env"] if entry["name"].startswith("OTEL_")}
    assert told == {"OTEL_SDK_DISABLED": "true"}
