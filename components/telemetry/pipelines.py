"""The configuration files of the OpenTelemetry collector's two tiers, and which traces are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.kubernetes.footprint import ContainerResources
from components.telemetry import names


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """`rate` (0 to 1) of the traces that are neither failed nor slower than `slow_milliseconds`."""

    rate: float
    slow_milliseconds: int

    def __post_init__(self) -> None:
        if not 0 <= self.rate <= 1:
            raise ValueError(f"a sampling rate is from 0 to 1, not {self.rate}")


# A trace is judged this long after its first span; what is later than that is judged as the rest was.
DECISION_SECONDS = 10
# Traces in memory until then: 5,000 a second, which is far above what one pod's limits take.
_TRACES = 50_000


def policies(sampling: Sampling) -> dict[str, Any]:
    """The `tail_sampling` processor: a trace is kept if any one of its policies wants it."""
    failed = {"name": "failed", "type": "status_code", "status_code": {"status_codes": ["ERROR"]}}
    slow = {"name": "slow", "type": "latency", "latency": {"threshold_ms": sampling.slow_milliseconds}}
    share = {"sampling_percentage": sampling.rate * 100}
    rest = {"name": "rest", "type": "probabilistic", "probabilistic": share}
    return {
        "decision_wait": f"{DECISION_SECONDS}s",
        "num_traces": _TRACES,
        "expected_new_traces_per_sec": _TRACES // DECISION_SECONDS,
        "policies": [failed, slow, rest],
    }


GRPC_PORT, HTTP_PORT = names.OTLP_GRPC, names.OTLP_HTTP
# Its own metrics, those that applications send it, those that it counts from spans, and its health.
METRICS_PORT, APPLICATIONS_PORT, SPANS_PORT, HEALTH_PORT = 8888, 8889, 8890, 13133
# Of the container's memory; what is above is for the garbage collector and what is on its way.
_MEMORY_SHARE, _SPIKE_SHARE = 0.8, 0.2
BATCH: Mapping[str, Any] = {"timeout": "5s", "send_batch_size": 8192}
# The network policy says who reaches it.
_EVERYWHERE = "0.0.0.0"  # noqa: S104
# The types by which 0.155.0 knows them: of names without an underscore it says at each start that they will go.
_LIMITER, _ATTRIBUTES, _BATCH = "memory_limiter", "k8s_attributes", "batch"
_COUNTERS = ("span_metrics", "service_graph")
_TO_LOKI, _TO_STORE, _TO_SAMPLERS = "otlp_http/loki", "otlp_grpc/traces", "load_balancing"


@dataclass(frozen=True, kw_only=True)
class Route:
    """Where a collector sends: traces to `traces` (`host:port`), log records to `logs` (the URL of Loki's OTLP
    interface; without it they are taken and dropped, since the same lines are read from the pods' output).

    `samplers` is the host that answers with the addresses of all samplers, where others than the gateways judge the
    traces; `resources` those of each pod.
    """

    sampling: Sampling
    traces: str
    logs: str | None
    samplers: str | None
    resources: ContainerResources


def memory_limiter(resources: ContainerResources) -> dict[str, Any]:
    """Refuse what comes in before the kernel ends the container: at 80 % of its memory, and from 60 % on by turns."""
    memory = resources.memory_limit.amount // 2**20
    limits = {"limit_mib": int(memory * _MEMORY_SHARE), "spike_limit_mib": int(memory * _SPIKE_SHARE)}
    return {"check_interval": "1s", **limits}


def own_telemetry() -> dict[str, Any]:
    """How it tells of itself: counters end in `_total`, as everywhere else, which it leaves off unless it is told."""
    exporter = {"prometheus": {"host": _EVERYWHERE, "port": METRICS_PORT, "without_type_suffix": False}}
    return {"logs": {"encoding": "json"}, "metrics": {"level": "normal", "readers": [{"pull": {"exporter": exporter}}]}}


def gateway(route: Route) -> dict[str, Any]:
    """The configuration of the pods that applications send to."""
    first = [_LIMITER, _ATTRIBUTES]
    exporters: dict[str, Any] = {
        # What is known of a pod becomes labels, since metrics say nothing else of where they come from.
        "prometheus": {**_exposed(APPLICATIONS_PORT), "resource_to_telemetry_conversion": {"enabled": True}},
        **({_TO_LOKI: {"endpoint": route.logs}} if route.logs else {"nop": {}}),
    }
    pipelines = {
        "metrics": _pipeline(["otlp"], [*first, _BATCH], ["prometheus"]),
        "logs": _pipeline(["otlp"], [*first, _BATCH], [_TO_LOKI if route.logs else "nop"]),
    }
    document = _document(route, exporters, pipelines, {_ATTRIBUTES: _attributes()})
    if not route.samplers:
        return _judging(document, route, first)
    document["exporters"][_TO_SAMPLERS] = _by_trace(route)
    pipelines["traces"] = _pipeline(["otlp"], [*first, _BATCH], [_TO_SAMPLERS])
    return document


def sampler(route: Route) -> dict[str, Any]:
    """The configuration of the pods that judge whole traces."""
    return _judging(_document(route, {}, {}, {}), route, [_LIMITER])


def _document(
    route: Route, exporters: dict[str, Any], pipelines: dict[str, Any], processors: Mapping[str, Any]
) -> dict[str, Any]:
    ports = {"grpc": {"endpoint": f"0.0.0.0:{GRPC_PORT}"}, "http": {"endpoint": f"0.0.0.0:{HTTP_PORT}"}}
    return {
        "extensions": {"health_check": {"endpoint": f"0.0.0.0:{HEALTH_PORT}"}},
        "receivers": {"otlp": {"protocols": ports}},
        "processors": {_LIMITER: memory_limiter(route.resources), **processors, _BATCH: dict(BATCH)},
        "exporters": exporters,
        "service": {"extensions": ["health_check"], "telemetry": own_telemetry(), "pipelines": pipelines},
    }


def _judging(document: dict[str, Any], route: Route, first: Sequence[str]) -> dict[str, Any]:
    """Count all spans, and keep those of the traces that are wanted."""
    document["processors"]["tail_sampling"] = policies(route.sampling)
    document["connectors"] = _connectors()
    document["exporters"][_TO_STORE] = {"endpoint": route.traces, "tls": {"insecure": True}}
    document["exporters"]["prometheus/spans"] = _exposed(SPANS_PORT)
    document["service"]["pipelines"] |= {
        # Before the sampling: a rate that is counted from what was kept is no rate.
        "traces/counted": _pipeline(["otlp"], first, _COUNTERS),
        "metrics/spans": _pipeline(_COUNTERS, [_LIMITER, _BATCH], ["prometheus/spans"]),
        "traces": _pipeline(["otlp"], [*first, "tail_sampling", _BATCH], [_TO_STORE]),
    }
    return document


def _pipeline(receivers: Sequence[str], processors: Sequence[str], exporters: Sequence[str]) -> dict[str, list[str]]:
    return {"receivers": list(receivers), "processors": list(processors), "exporters": list(exporters)}


def _exposed(port: int) -> dict[str, Any]:
    return {"endpoint": f"0.0.0.0:{port}", "metric_expiration": "5m"}


def _attributes() -> dict[str, Any]:
    """What the API server knows of the pod that sends: by its address, which no sender can choose."""
    labels = [{"from": "pod", "key": key, "tag_name": key} for key in ("platform.io/system", "platform.io/environment")]
    return {
        "auth_type": "serviceAccount",
        "extract": {"metadata": ["k8s.namespace.name", "k8s.pod.name", "k8s.node.name"], "labels": labels},
        "pod_association": [{"sources": [{"from": "connection"}]}],
    }


def _by_trace(route: Route) -> dict[str, Any]:
    where = {"hostname": route.samplers, "port": str(GRPC_PORT)}
    return {
        "routing_key": "traceID",
        "protocol": {"otlp": {"tls": {"insecure": True}}},
        "resolver": {"dns": where},
    }


def _connectors() -> dict[str, Any]:
    """The names of what they count are `traces_spanmetrics_…` and `traces_service_graph_…`."""
    seconds = {"unit": "s", "explicit": {"buckets": ["10ms", "50ms", "100ms", "250ms", "500ms", "1s", "2.5s", "5s"]}}
    counted = {"namespace": "traces.spanmetrics", "histogram": seconds, "metrics_flush_interval": "30s"}
    spans, graph = _COUNTERS
    return {spans: counted, graph: {"store": {"ttl": "10s", "max_items": 10_000}}}
