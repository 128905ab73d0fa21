"""The OpenTelemetry collector: what applications send by OTLP, on its way to the stores.

https://opentelemetry.io/docs/collector/configuration/ has the form of the file. A trace is judged whole, so that all
of its spans must come to one pod. One pod does everything; several are two tiers: gateways, which any application
may reach, send each trace to one of the samplers, which judge it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.footprint import ContainerResources
from components.naming import Scope
from components.network import KUBERNETES_API, Flow
from components.observability.monitors import Endpoint
from components.telemetry import alerts, names
from components.telemetry.args import CONFIGURATION, ProgramArgs
from components.telemetry.flows import Neighbours
from components.telemetry.sampling import Sampling, policies
from versions import OPENTELEMETRY_COLLECTOR_IMAGE

NAME, GRPC_PORT, HTTP_PORT = names.COLLECTOR, names.OTLP_GRPC, names.OTLP_HTTP
SAMPLER = "otel-sampler"
# Its own metrics, those that applications send it, those that it counts from spans, and its health.
METRICS_PORT, APPLICATIONS_PORT, SPANS_PORT, HEALTH_PORT = 8888, 8889, 8890, 13133
# The CloudLens document's figures, section 8.
_RESOURCES = ContainerResources.of("200m", "1", "256Mi", "1Gi")
# The user of the collector's own image.
_USER_ID = 10001
# Of the container's memory; what is above is for the garbage collector and what is on its way.
_MEMORY_SHARE, _SPIKE_SHARE = 0.8, 0.2
BATCH: Mapping[str, Any] = {"timeout": "5s", "send_batch_size": 8192}
_NAMESPACE, _POD = "k8s.namespace.name", "k8s.pod.name"
_LIMITER, _ATTRIBUTES, _BATCH = "memory_limiter", "k8sattributes", "batch"
_COUNTERS = ("spanmetrics", "servicegraph")


@dataclass(frozen=True, kw_only=True)
class CollectorArgs:
    """`replicas` of the gateway, and where there are several as many samplers.

    `traces` is the `host:port` of the store of traces, `traces_flow` the way there. `logs` is the URL of Loki's OTLP
    interface; without it log records are taken and dropped, since the same lines are read from the pods' output.
    """

    scope: Scope
    replicas: int
    sampling: Sampling
    traces: str
    traces_flow: Flow
    logs: str | None
    logs_flow: Flow | None
    neighbours: Neighbours
    zones_required: bool = False

    @property
    def two_tiers(self) -> bool:
        """Whether others than the gateways judge the traces."""
        return self.replicas > 1


def collectors(args: CollectorArgs) -> list[ProgramArgs]:
    """The gateway, and the samplers if there are any."""
    return [_gateway(args), *([_sampler(args)] if args.two_tiers else [])]


def _gateway(args: CollectorArgs) -> ProgramArgs:
    onward = args.neighbours.flow(SAMPLER, GRPC_PORT) if args.two_tiers else args.traces_flow
    spans = {} if args.two_tiers else {"spans": SPANS_PORT}
    scraped = {"metrics": METRICS_PORT, "applications": APPLICATIONS_PORT, **spans}
    return _program(
        args,
        NAME,
        gateway(args),
        scraped=scraped,
        calls_api=True,
        ingress=args.neighbours.ingress(GRPC_PORT, receive=(GRPC_PORT, HTTP_PORT), metrics=tuple(scraped.values())),
        egress=[onward, KUBERNETES_API, *([args.logs_flow] if args.logs_flow else [])],
    )


def _sampler(args: CollectorArgs) -> ProgramArgs:
    scraped = {"metrics": METRICS_PORT, "spans": SPANS_PORT}
    monitoring = Flow(peer=args.neighbours.monitoring, ports=tuple(scraped.values()))
    return _program(
        args,
        SAMPLER,
        sampler(args),
        scraped=scraped,
        ingress=[args.neighbours.flow(NAME, GRPC_PORT), monitoring],
        egress=[args.traces_flow],
    )


def _program(
    args: CollectorArgs,
    name: str,
    configuration: Mapping[str, Any],
    *,
    scraped: Mapping[str, int],
    ingress: Sequence[Flow],
    egress: Sequence[Flow],
    calls_api: bool = False,
) -> ProgramArgs:
    limit = memory_limiter(_RESOURCES)["limit_mib"]
    return ProgramArgs(
        scope=args.scope,
        name=name,
        image=OPENTELEMETRY_COLLECTOR_IMAGE,
        arguments=(f"--config={CONFIGURATION}/collector.yaml",),
        files={"collector.yaml": json.dumps(configuration, indent=2, sort_keys=True)},
        ports={"otlp-grpc": GRPC_PORT, "otlp-http": HTTP_PORT, **scraped, "health": HEALTH_PORT},
        probe_port="health",
        ready="/",
        # Health is bad while a pipeline is, which a restart may not mend; its own metrics answer as long as it runs.
        alive="/metrics",
        alive_port="metrics",
        resources=_RESOURCES,
        metrics=[_endpoint(port) for port in scraped],
        # The samplers tell the same metrics, and the gateway's alerts read those of both.
        rules=alerts.COLLECTOR if name == NAME else None,
        user=_USER_ID,
        replicas=args.replicas,
        zones_required=args.zones_required,
        environment={"GOMEMLIMIT": f"{limit}MiB"},
        calls_api=calls_api,
        ingress=ingress,
        egress=egress,
        single_replica_reason="One pod sees all spans of a trace; applications send again what it did not take.",
    )


def _endpoint(port: str) -> Endpoint:
    """Of the metrics that applications send, the namespace is theirs, and not the collector's."""
    if port != "applications":
        return Endpoint(port=port)
    whose = {"namespace": "k8s_namespace_name", "pod": "k8s_pod_name"}
    moved = [
        {"sourceLabels": [source], "regex": "(.+)", "targetLabel": target, "replacement": "$1"}
        for target, source in whose.items()
    ]
    return Endpoint(port=port, honor_labels=True, metric_relabelings=moved)


def memory_limiter(resources: ContainerResources) -> dict[str, Any]:
    """Refuse what comes in before the kernel ends the container: at 80 % of its memory, and from 60 % on by turns."""
    memory = resources.memory_limit.amount // 2**20
    limits = {"limit_mib": int(memory * _MEMORY_SHARE), "spike_limit_mib": int(memory * _SPIKE_SHARE)}
    return {"check_interval": "1s", **limits}


def own_telemetry() -> dict[str, Any]:
    """How it tells of itself."""
    exporter = {"prometheus": {"host": "0.0.0.0", "port": METRICS_PORT}}
    return {"logs": {"encoding": "json"}, "metrics": {"level": "normal", "readers": [{"pull": {"exporter": exporter}}]}}


def gateway(args: CollectorArgs) -> dict[str, Any]:
    """The configuration of the pods that applications send to."""
    first = [_LIMITER, _ATTRIBUTES]
    exporters: dict[str, Any] = {
        # What is known of a pod becomes labels, since metrics say nothing else of where they come from.
        "prometheus": {**_exposed(APPLICATIONS_PORT), "resource_to_telemetry_conversion": {"enabled": True}},
        **({"otlphttp/loki": {"endpoint": args.logs}} if args.logs else {"nop": {}}),
    }
    pipelines = {
        "metrics": _pipeline(["otlp"], [*first, _BATCH], ["prometheus"]),
        "logs": _pipeline(["otlp"], [*first, _BATCH], ["otlphttp/loki" if args.logs else "nop"]),
    }
    document = _document(exporters, pipelines, {_ATTRIBUTES: _attributes()})
    if not args.two_tiers:
        return _judging(document, args, first)
    document["exporters"]["loadbalancing"] = _by_trace(args)
    pipelines["traces"] = _pipeline(["otlp"], [*first, _BATCH], ["loadbalancing"])
    return document


def sampler(args: CollectorArgs) -> dict[str, Any]:
    """The configuration of the pods that judge whole traces."""
    return _judging(_document({}, {}, {}), args, [_LIMITER])


def _document(exporters: dict[str, Any], pipelines: dict[str, Any], processors: Mapping[str, Any]) -> dict[str, Any]:
    ports = {"grpc": {"endpoint": f"0.0.0.0:{GRPC_PORT}"}, "http": {"endpoint": f"0.0.0.0:{HTTP_PORT}"}}
    return {
        "extensions": {"health_check": {"endpoint": f"0.0.0.0:{HEALTH_PORT}"}},
        "receivers": {"otlp": {"protocols": ports}},
        "processors": {_LIMITER: memory_limiter(_RESOURCES), **processors, _BATCH: dict(BATCH)},
        "exporters": exporters,
        "service": {"extensions": ["health_check"], "telemetry": own_telemetry(), "pipelines": pipelines},
    }


def _judging(document: dict[str, Any], args: CollectorArgs, first: Sequence[str]) -> dict[str, Any]:
    """Count all spans, and keep those of the traces that are wanted."""
    document["processors"]["tail_sampling"] = policies(args.sampling)
    document["connectors"] = _connectors()
    document["exporters"]["otlp/traces"] = {"endpoint": args.traces, "tls": {"insecure": True}}
    document["exporters"]["prometheus/spans"] = _exposed(SPANS_PORT)
    document["service"]["pipelines"] |= {
        # Before the sampling: a rate that is counted from what was kept is no rate.
        "traces/counted": _pipeline(["otlp"], first, _COUNTERS),
        "metrics/spans": _pipeline(_COUNTERS, [_LIMITER, _BATCH], ["prometheus/spans"]),
        "traces": _pipeline(["otlp"], [*first, "tail_sampling", _BATCH], ["otlp/traces"]),
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
        "extract": {"metadata": [_NAMESPACE, _POD, "k8s.node.name"], "labels": labels},
        "pod_association": [{"sources": [{"from": "connection"}]}],
    }


def _by_trace(args: CollectorArgs) -> dict[str, Any]:
    where = {"hostname": args.scope.host(f"{SAMPLER}-headless"), "port": str(GRPC_PORT)}
    return {
        "routing_key": "traceID",
        "protocol": {"otlp": {"tls": {"insecure": True}}},
        "resolver": {"dns": where},
    }


def _connectors() -> dict[str, Any]:
    """The names of what they count are `traces_spanmetrics_…` and `traces_service_graph_…`."""
    seconds = {"unit": "s", "explicit": {"buckets": ["10ms", "50ms", "100ms", "250ms", "500ms", "1s", "2.5s", "5s"]}}
    counted = {"namespace": "traces.spanmetrics", "histogram": seconds, "metrics_flush_interval": "30s"}
    return {"spanmetrics": counted, "servicegraph": {"store": {"ttl": "10s", "max_items": 10_000}}}
