"""Jaeger: the other store of traces, which the CloudLens document names. Version 2 is an OpenTelemetry collector.

https://www.jaegertracing.io/docs/2.17/deployment/configuration/ has the sections that are Jaeger's own.
"""

from __future__ import annotations

import json
from typing import Any

from components.monitoring.monitors import Endpoint
from components.telemetry import alerts, names
from components.telemetry.base import CONFIGURATION, DATA, TelemetryServerArgs
from components.telemetry.pipelines import BATCH, HEALTH_PORT, METRICS_PORT, memory_limiter, own_telemetry
from components.telemetry.tempo import OTLP_PORT, RESOURCES, TraceStoreArgs
from components.workload.server_pods import Check, ServerArgs
from versions import JAEGER_IMAGE

NAME, PORT = names.JAEGER, names.JAEGER_PORT
_STORE = "traces"


def jaeger(args: TraceStoreArgs) -> ServerArgs:
    """The server. Raises ValueError with a bucket, which it cannot use."""
    if args.bucket:
        raise ValueError("Jaeger keeps traces on its volume, not in a bucket")
    return TelemetryServerArgs(
        scope=args.scope,
        name=NAME,
        image=JAEGER_IMAGE,
        arguments=(f"--config={CONFIGURATION}/jaeger.yaml",),
        files={"jaeger.yaml": json.dumps(configuration(args), indent=2, sort_keys=True)},
        ports={"query": PORT, "otlp-grpc": OTLP_PORT, "metrics": METRICS_PORT, "health": HEALTH_PORT},
        readiness=Check(port="health", path="/status", period=5),
        liveness=Check(port="metrics", path="/metrics"),
        resources=RESOURCES,
        metrics=[Endpoint(port="metrics")],
        rules=alerts.watched(NAME, alerts.JAEGER, 1),
        volume=args.volume,
        ingress=args.neighbours.ingress(PORT, receive=(OTLP_PORT,), metrics=(METRICS_PORT,)),
        single_replica_reason="Its database is a folder of the one volume; the collector keeps and sends again.",
    )


def configuration(args: TraceStoreArgs) -> dict[str, Any]:
    """The configuration file."""
    badger = {
        "directories": {"keys": f"{DATA}/keys", "values": f"{DATA}/values"},
        "ephemeral": False,
        "ttl": {"spans": f"{args.retention_days * 24}h"},
    }
    pipeline = {
        "receivers": ["otlp"],
        "processors": ["memory_limiter", "batch"],
        "exporters": [f"{NAME}_storage_exporter"],
    }
    return {
        "extensions": {
            "healthcheckv2": {"use_v2": True, "http": {"endpoint": f"0.0.0.0:{HEALTH_PORT}"}},
            "jaeger_storage": {"backends": {_STORE: {"badger": badger}}},
            "jaeger_query": {"storage": {"traces": _STORE}, "http": {"endpoint": f"0.0.0.0:{PORT}"}},
        },
        "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": f"0.0.0.0:{OTLP_PORT}"}}}},
        "processors": {"memory_limiter": memory_limiter(RESOURCES), "batch": BATCH},
        "exporters": {f"{NAME}_storage_exporter": {"trace_storage": _STORE}},
        "service": {
            "extensions": ["healthcheckv2", "jaeger_storage", "jaeger_query"],
            "telemetry": own_telemetry(),
            "pipelines": {"traces": pipeline},
        },
    }
