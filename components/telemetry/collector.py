"""The OpenTelemetry collector: what applications send by OTLP, on its way to the stores.

A trace is judged whole, so that all
of its spans must come to one pod. One pod does everything; several are two tiers: gateways, which any application
may reach, send each trace to one of the samplers, which judge it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.kubernetes.footprint import ContainerResources
from components.kubernetes.naming import Scope
from components.kubernetes.needs import KUBERNETES_API
from components.kubernetes.network import Flow
from components.monitoring.monitors import Endpoint
from components.telemetry import alerts, names
from components.telemetry.base import CONFIGURATION, DATA, Neighbours, TelemetryServerArgs
from components.telemetry.pipelines import (
    APPLICATIONS_PORT,
    GRPC_PORT,
    HEALTH_PORT,
    HTTP_PORT,
    METRICS_PORT,
    SPANS_PORT,
    Route,
    Sampling,
    gateway,
    memory_limiter,
    sampler,
)
from components.workload.server_pods import Check, ServerArgs
from versions import OPENTELEMETRY_COLLECTOR_IMAGE

NAME = names.COLLECTOR
SAMPLER = "otel-sampler"
# The CloudLens document's figures, section 8.
_RESOURCES = ContainerResources.of("200m", "1", "256Mi", "1Gi")


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

    @property
    def route(self) -> Route:
        """Where its pods send, as their files have it."""
        samplers = self.scope.host(f"{SAMPLER}-headless") if self.two_tiers else None
        return Route(
            sampling=self.sampling, traces=self.traces, logs=self.logs, samplers=samplers, resources=_RESOURCES
        )


def collectors(args: CollectorArgs) -> list[ServerArgs]:
    """The gateway, and the samplers if there are any."""
    return [_gateway(args), *([_sampler(args)] if args.two_tiers else [])]


def _gateway(args: CollectorArgs) -> ServerArgs:
    onward = args.neighbours.flow(SAMPLER, GRPC_PORT) if args.two_tiers else args.traces_flow
    spans = {} if args.two_tiers else {"spans": SPANS_PORT}
    scraped = {"metrics": METRICS_PORT, "applications": APPLICATIONS_PORT, **spans}
    return _server(
        args,
        NAME,
        gateway(args.route),
        scraped=scraped,
        token=True,
        ingress=args.neighbours.ingress(GRPC_PORT, receive=(GRPC_PORT, HTTP_PORT), metrics=tuple(scraped.values())),
        egress=[onward, KUBERNETES_API, *([args.logs_flow] if args.logs_flow else [])],
    )


def _sampler(args: CollectorArgs) -> ServerArgs:
    scraped = {"metrics": METRICS_PORT, "spans": SPANS_PORT}
    monitoring = Flow(peer=args.neighbours.monitoring, ports=tuple(scraped.values()))
    return _server(
        args,
        SAMPLER,
        sampler(args.route),
        scraped=scraped,
        ingress=[args.neighbours.flow(NAME, GRPC_PORT), monitoring],
        egress=[args.traces_flow],
    )


def _server(
    args: CollectorArgs,
    name: str,
    configuration: Mapping[str, Any],
    *,
    scraped: Mapping[str, int],
    ingress: Sequence[Flow],
    egress: Sequence[Flow],
    token: bool = False,
) -> ServerArgs:
    limit = memory_limiter(_RESOURCES)["limit_mib"]
    return TelemetryServerArgs(
        scope=args.scope,
        name=name,
        image=OPENTELEMETRY_COLLECTOR_IMAGE,
        arguments=(f"--config={CONFIGURATION}/collector.yaml",),
        files={"collector.yaml": json.dumps(configuration, indent=2, sort_keys=True)},
        scratch={"tmp": "/tmp", "data": DATA},
        ports={"otlp-grpc": GRPC_PORT, "otlp-http": HTTP_PORT, **scraped, "health": HEALTH_PORT},
        readiness=Check(port="health", path="/", period=5),
        # Health is bad while a pipeline is, which a restart may not mend; its own metrics answer as long as it runs.
        liveness=Check(port="metrics", path="/metrics"),
        resources=_RESOURCES,
        metrics=[_endpoint(port) for port in scraped],
        # The samplers tell the same metrics, and the gateway's alerts read those of both.
        rules=alerts.watched(name, alerts.COLLECTOR if name == NAME else None, args.replicas),
        replicas=args.replicas,
        zones_required=args.zones_required,
        environment={"GOMEMLIMIT": f"{limit}MiB"},
        token=token,
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
