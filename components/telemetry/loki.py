"""Loki: one program that takes log lines, keeps them for a while, and answers queries.

https://grafana.com/docs/loki/latest/configure/ has every key. One pod keeps all on its volume; where what is old goes
to a bucket, several pods hold each line until it is there.
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
from versions import LOKI_IMAGE

NAME, PORT = names.LOKI, names.LOKI_PORT
_GRPC_PORT, _GOSSIP_PORT = 9095, 7946
# The CloudLens document's cost table gives Loki two cores and 4 GB.
_RESOURCES = ContainerResources.of("250m", "2", "1Gi", "4Gi")
# The first day of the schema that all lines are written with; a later schema begins another period.
_SCHEMA_FROM = "2024-04-01"


@dataclass(frozen=True, kw_only=True)
class LokiArgs:
    """`retention_days` of lines on `volume`, or with a `bucket` there; then each line is held by `replicas` pods."""

    scope: Scope
    replicas: int
    retention_days: int
    volume: Volume
    bucket: Bucket | None
    neighbours: Neighbours
    zones_required: bool = False

    def __post_init__(self) -> None:
        if self.replicas > 1 and self.bucket is None:
            raise ValueError(f"{self.replicas} Loki pods with a volume each would keep different lines: use a bucket")


def loki(args: LokiArgs) -> ServerArgs:
    """The server."""
    scope = args.scope
    itself = args.neighbours.flow(NAME, _GRPC_PORT, _GOSSIP_PORT)
    return TelemetryServerArgs(
        scope=scope,
        name=NAME,
        image=LOKI_IMAGE,
        arguments=(f"-config.file={CONFIGURATION}/loki.yaml",),
        files={"loki.yaml": json.dumps(configuration(args), indent=2, sort_keys=True)},
        ports={"http": PORT, "grpc": _GRPC_PORT, "gossip": _GOSSIP_PORT},
        readiness=Check(port="http", path="/ready", period=5),
        liveness=Check(port="http", path="/loki/api/v1/status/buildinfo"),
        resources=_RESOURCES,
        metrics=[Endpoint(port="http")],
        rules=alerts.watched(NAME, alerts.LOKI, args.replicas),
        replicas=args.replicas,
        zones_required=args.zones_required,
        volume=args.volume,
        secrets=args.bucket.secrets if args.bucket else {},
        service_account_annotations=args.bucket.annotations if args.bucket else {},
        ingress=[itself, *args.neighbours.ingress(PORT)],
        egress=[itself, *([args.bucket.flow] if args.bucket else [])],
        single_replica_reason="Its lines are on the one volume; readers wait, and the collector sends again.",
    )


def configuration(args: LokiArgs) -> dict[str, Any]:
    """The configuration file; JSON is a part of the YAML that Loki reads."""
    store = "s3" if args.bucket else "filesystem"
    period = {"from": _SCHEMA_FROM, "store": "tsdb", "object_store": store, "schema": "v13"}
    members = [f"{args.scope.host(f'{NAME}-headless')}:{_GOSSIP_PORT}"]
    single = args.replicas == 1
    return {
        # One tenant: who may write and read is the network policy's to say.
        "auth_enabled": False,
        "analytics": {"reporting_enabled": False},
        "server": {"http_listen_port": PORT, "grpc_listen_port": _GRPC_PORT, "log_level": "warn"},
        "common": {
            "path_prefix": DATA,
            "replication_factor": args.replicas,
            "ring": {"kvstore": {"store": "inmemory" if single else "memberlist"}},
            **({"instance_addr": "127.0.0.1"} if single else {}),
        },
        **({} if single else {"memberlist": _members(members)}),
        "schema_config": {"configs": [{**period, "index": {"prefix": "index_", "period": "24h"}}]},
        "storage_config": _storage(args.bucket),
        "limits_config": {
            "retention_period": f"{args.retention_days * 24}h",
            "allow_structured_metadata": True,
            "volume_enabled": True,
        },
        # Without it nothing is ever deleted, whatever the retention.
        "compactor": {
            "working_directory": f"{DATA}/compactor",
            "retention_enabled": True,
            "delete_request_store": store,
        },
    }


def _members(hosts: list[str]) -> dict[str, Any]:
    """How pods find each other. All become ready at once, and one that finds only itself by then has joined nobody:
    by default it never asks again.
    """
    return {"join_members": hosts, "bind_port": _GOSSIP_PORT, "rejoin_interval": "1m"}


def _storage(bucket: Bucket | None) -> dict[str, Any]:
    index = {"active_index_directory": f"{DATA}/index", "cache_location": f"{DATA}/index-cache"}
    if bucket is None:
        return {"tsdb_shipper": index, "filesystem": {"directory": f"{DATA}/chunks"}}
    where = {"bucketnames": bucket.name, "region": bucket.region}
    # Only AWS has a host for each bucket.
    other = {"endpoint": bucket.host, "s3forcepathstyle": True} if bucket.endpoint else {}
    return {"tsdb_shipper": index, "aws": {**where, **other}}
