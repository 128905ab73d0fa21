"""Tempo: one program that takes traces by OTLP, keeps them for a while, and finds them again.

https://grafana.com/docs/tempo/v2.10.x/configuration/ has every key.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from components.kubernetes.footprint import ContainerResources
from components.kubernetes.naming import Scope
from components.monitoring.monitors import Endpoint
from components.telemetry import alerts, names
from components.telemetry.base import CONFIGURATION, DATA, Bucket, Neighbours, TelemetryServerArgs
from components.workload.server_pods import Check, ServerArgs, Volume
from versions import TEMPO_IMAGE

NAME, PORT = names.TEMPO, names.TEMPO_PORT
OTLP_PORT = names.OTLP_GRPC
_GRPC_PORT = 9095
# The CloudLens document's cost table gives its store of traces two cores and 4 GB.
RESOURCES = ContainerResources.of("250m", "2", "1Gi", "4Gi")


@dataclass(frozen=True, kw_only=True)
class TraceStoreArgs:
    """`retention_days` of traces on `volume`, or with a `bucket` there."""

    scope: Scope
    retention_days: int
    volume: Volume
    bucket: Bucket | None
    neighbours: Neighbours


def tempo(args: TraceStoreArgs) -> ServerArgs:
    """The server."""
    return TelemetryServerArgs(
        scope=args.scope,
        name=NAME,
        image=TEMPO_IMAGE,
        arguments=(f"-config.file={CONFIGURATION}/tempo.yaml",),
        files={"tempo.yaml": json.dumps(configuration(args), indent=2, sort_keys=True)},
        ports={"http": PORT, "otlp-grpc": OTLP_PORT},
        readiness=Check(port="http", path="/ready", period=5),
        liveness=Check(port="http", path="/status/version"),
        resources=RESOURCES,
        metrics=[Endpoint(port="http")],
        rules=alerts.watched(NAME, alerts.TEMPO, 1),
        volume=args.volume,
        secrets=args.bucket.secrets if args.bucket else {},
        service_account_annotations=args.bucket.annotations if args.bucket else {},
        ingress=args.neighbours.ingress(PORT, receive=(OTLP_PORT,)),
        egress=[args.bucket.flow] if args.bucket else [],
        single_replica_reason="Traces of the last minutes are on the one volume; the collector keeps and sends again.",
    )


def configuration(args: TraceStoreArgs) -> dict[str, Any]:
    """The configuration file; JSON is a part of the YAML that Tempo reads."""
    return {
        "usage_report": {"reporting_enabled": False},
        "server": {"http_listen_port": PORT, "grpc_listen_port": _GRPC_PORT, "log_level": "warn"},
        "distributor": {"receivers": {"otlp": {"protocols": {"grpc": {"endpoint": f"0.0.0.0:{OTLP_PORT}"}}}}},
        "compactor": {"compaction": {"block_retention": f"{args.retention_days * 24}h"}},
        "storage": {"trace": {"wal": {"path": f"{DATA}/wal"}, **_backend(args.bucket)}},
    }


def _backend(bucket: Bucket | None) -> dict[str, Any]:
    if bucket is None:
        return {"backend": "local", "local": {"path": f"{DATA}/blocks"}}
    where = {"bucket": bucket.name, "endpoint": bucket.host, "region": bucket.region}
    return {"backend": "s3", "s3": {**where, "forcepathstyle": bucket.endpoint is not None}}
