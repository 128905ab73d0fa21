"""Thanos' own servers: querier, store gateway and compactor."""

from __future__ import annotations

import json
from dataclasses import replace

from components.footprint import ContainerResources
from components.network import DNS, INTERNET_HTTPS, Flow, Peer
from components.observability.monitors import Endpoint
from components.observability.prometheus import GRPC_PORT, TLS_PATH
from components.observability.thanos.args import (
    COMPACTOR,
    HTTP_PORT,
    QUERY,
    RULER_PODS,
    STORAGE_KEY,
    STORE,
    ThanosArgs,
    server_tls,
)
from components.server.args import Check, ServerArgs, Volume
from versions import THANOS_IMAGE

_STORAGE_PATH = "/etc/thanos/storage"
_DATA = "/var/thanos"
_HTTP = f"--http-address=0.0.0.0:{HTTP_PORT}"
_GRPC = f"--grpc-address=0.0.0.0:{GRPC_PORT}"
_LIVE = Check(port="http", path="/-/healthy", period=20)
_READY = Check(port="http", path="/-/ready")
_FROM_STORAGE = f"--objstore.config-file={_STORAGE_PATH}/{STORAGE_KEY}"
_ONE_COMPACTOR = "Two compactors of one bucket destroy its blocks (https://thanos.io/tip/components/compact.md/)."
_SCRATCH = "scratch data only: everything is in the bucket, and is read from there again"


def querier(args: ThanosArgs) -> ServerArgs:
    """Answers PromQL from Prometheus, the ruler and the bucket together, each series once."""
    scope = args.scope
    sources = ("prometheus-operated", "thanos-ruler-operated", STORE)
    web = {"tls_server_config": {"cert_file": f"{TLS_PATH}/tls.crt", "key_file": f"{TLS_PATH}/tls.key"}}
    authority = {"secret": {"name": args.tls_secret, "key": "ca.crt"}}
    asked = [args.prometheus, RULER_PODS, scope.selector(STORE)]
    return ServerArgs(
        scope=scope,
        name=QUERY,
        image=THANOS_IMAGE,
        replicas=args.replicas,
        arguments=[
            "query",
            _HTTP,
            _GRPC,
            "--http.config=/etc/thanos/web/web.yaml",
            "--query.replica-label=prometheus_replica",
            "--query.replica-label=thanos_ruler_replica",
            "--query.auto-downsampling",
            *(f"--endpoint=dnssrv+_grpc._tcp.{scope.host(source)}" for source in sources),
            "--grpc-client-tls-secure",
            f"--grpc-client-tls-cert={TLS_PATH}/tls.crt",
            f"--grpc-client-tls-key={TLS_PATH}/tls.key",
            f"--grpc-client-tls-ca={TLS_PATH}/ca.crt",
            f"--grpc-client-server-name={args.name}",
            *server_tls(),
        ],
        files={"web.yaml": json.dumps(web)},
        files_path="/etc/thanos/web",
        secret_files={args.tls_secret: TLS_PATH},
        ports={"http": HTTP_PORT, "grpc": GRPC_PORT},
        liveness=replace(_LIVE, scheme="HTTPS"),
        readiness=replace(_READY, scheme="HTTPS"),
        metrics=[Endpoint(port="http", scheme="https", tls_config={"ca": authority, "serverName": scope.host(QUERY)})],
        resources=ContainerResources.of("250m", "1", "512Mi", "2Gi"),
        ingress=[
            Flow(peer=peer, ports=(HTTP_PORT,)) for peer in (*args.clients, Peer(pods=RULER_PODS), args.metrics_reader)
        ],
        egress=[DNS, *(Flow(peer=Peer(pods=pods), ports=(GRPC_PORT,)) for pods in asked)],
    )


def store_gateway(args: ThanosArgs) -> ServerArgs:
    """Reads what is in the bucket; its caches are bounded so that a query of a month does not kill it."""
    return ServerArgs(
        scope=args.scope,
        name=STORE,
        image=THANOS_IMAGE,
        replicas=args.replicas,
        arguments=[
            "store",
            _HTTP,
            _GRPC,
            f"--data-dir={_DATA}",
            _FROM_STORAGE,
            "--index-cache-size=256MB",
            "--chunk-pool-size=512MB",
            *server_tls(),
        ],
        secret_files={args.object_storage_secret: _STORAGE_PATH, args.tls_secret: TLS_PATH},
        volume=_volume(args),
        ports={"http": HTTP_PORT, "grpc": GRPC_PORT},
        liveness=_LIVE,
        readiness=_READY,
        metrics=[Endpoint(port="http")],
        resources=ContainerResources.of("250m", "1", "1Gi", "2Gi"),
        ingress=[args.asks(), Flow(peer=args.metrics_reader, ports=(HTTP_PORT,))],
        egress=[DNS, INTERNET_HTTPS],
    )


def compactor(args: ThanosArgs) -> ServerArgs:
    """Joins blocks, downsamples them to five minutes and to an hour, and removes what is older than the retention."""
    resolutions = ("raw", "5m", "1h")
    return ServerArgs(
        scope=args.scope,
        name=COMPACTOR,
        image=THANOS_IMAGE,
        single_replica_reason=_ONE_COMPACTOR,
        arguments=[
            "compact",
            _HTTP,
            "--wait",
            f"--data-dir={_DATA}",
            _FROM_STORAGE,
            *(f"--retention.resolution-{one}={args.retention}" for one in resolutions),
        ],
        secret_files={args.object_storage_secret: _STORAGE_PATH},
        volume=_volume(args),
        ports={"http": HTTP_PORT},
        liveness=_LIVE,
        readiness=_READY,
        metrics=[Endpoint(port="http")],
        resources=ContainerResources.of("250m", "1", "1Gi", "4Gi"),
        ingress=[Flow(peer=args.metrics_reader, ports=(HTTP_PORT,))],
        egress=[DNS, INTERNET_HTTPS],
    )


def _volume(args: ThanosArgs) -> Volume:
    return Volume(size=args.volume, path=_DATA, storage_class=args.storage_class, backup=_SCRATCH)
