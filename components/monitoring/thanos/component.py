"""The component of Thanos, and its servers: querier, store gateway and compactor."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pulumi
from pulumi_kubernetes.core.v1 import ServiceAccount

from components.kubernetes.certificates import Authority, AuthorityArgs
from components.kubernetes.footprint import ContainerResources
from components.kubernetes.needs import DNS, NEEDS
from components.kubernetes.network import Flow, Peer, allow
from components.kubernetes.objects import custom_resource
from components.kubernetes.scheduling import Priority
from components.kubernetes.volumes import claim_manifest
from components.monitoring.monitors import Endpoint, pod_monitor
from components.monitoring.prometheus import GRPC_PORT, RELOADER, SECURITY, SIDECAR_TLS, TLS_PATH
from components.monitoring.rules import EVALUATOR_LABEL, THANOS
from components.monitoring.thanos.args import (
    COMPACTOR,
    HTTP_PORT,
    QUERY,
    QUERY_KEY,
    RULER_PODS,
    RULER_RESOURCES,
    RULER_STORAGE,
    STORAGE_KEY,
    STORE,
    ThanosArgs,
    server_tls,
)
from components.workload.server import Server
from components.workload.server_pods import Check, ServerArgs, Volume
from versions import THANOS_IMAGE, THANOS_RULER, THANOS_VERSION

_STORAGE_PATH = "/etc/thanos/storage"
_DATA = "/var/thanos"
_HTTP = f"--http-address=0.0.0.0:{HTTP_PORT}"
_GRPC = f"--grpc-address=0.0.0.0:{GRPC_PORT}"
_LIVE = Check(port="http", path="/-/healthy", period=20)
_READY = Check(port="http", path="/-/ready")
_FROM_STORAGE = f"--objstore.config-file={_STORAGE_PATH}/{STORAGE_KEY}"
_ONE_COMPACTOR = "Two compactors of one bucket destroy its blocks (https://thanos.io/tip/components/compact.md/)."
_BUCKET = NEEDS["long-term storage"].flow
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
        egress=[DNS, _BUCKET],
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
        egress=[DNS, _BUCKET],
    )


def _volume(args: ThanosArgs) -> Volume:
    return Volume(size=args.volume, path=_DATA, storage_class=args.storage_class, backup=_SCRATCH)


_ALERTMANAGER_PODS = {"app.kubernetes.io/name": "alertmanager"}
_ALERTMANAGER_PORT = 9093


class Thanos(pulumi.ComponentResource):
    """Querier, store gateway, compactor and ruler, with the certificate that they show each other. Outputs: `url`."""

    url: str

    def __init__(self, name: str, args: ThanosArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:observability:Thanos", name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        certificate = Authority(
            f"{name}-tls",
            AuthorityArgs(
                scope=args.scope, component="thanos", secret_name=args.tls_secret, hosts=args.certificate_hosts()
            ),
            self._child,
        )
        ready = pulumi.ResourceOptions(parent=self, depends_on=[certificate])
        for part in (querier(args), store_gateway(args), compactor(args)):
            Server(f"{name}-{part.name}", part, ready)
        self._ruler(ready)
        self.url = args.url
        self.register_outputs({"url": self.url})

    def _ruler(self, opts: pulumi.ResourceOptions) -> None:
        args, name = self._args, f"{self._name}-ruler"
        metadata = args.scope.metadata(args.ruler_account)
        account = ServiceAccount(name, metadata=metadata, automount_service_account_token=False, opts=self._child)
        query = Flow(peer=Peer(pods=args.scope.selector(QUERY)), ports=(HTTP_PORT,))
        alertmanager = Flow(peer=Peer(pods=_ALERTMANAGER_PODS), ports=(_ALERTMANAGER_PORT,))
        allow(
            name,
            scope=args.scope,
            component=args.ruler_account,
            pods=RULER_PODS,
            ingress=[args.asks(), Flow(peer=args.metrics_reader, ports=(HTTP_PORT,))],
            egress=[DNS, _BUCKET, query, alertmanager],
            opts=self._child,
        )
        pod_monitor(
            name,
            scope=args.scope,
            component="thanos-ruler",
            selector=RULER_PODS,
            endpoints=[Endpoint(port="web")],
            opts=self._child,
        )
        custom_resource(
            name,
            THANOS_RULER,
            metadata=metadata | {"name": "main"},
            spec=ruler_specification(args),
            opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[account])),
        )


def ruler_specification(args: ThanosArgs) -> dict[str, Any]:
    """The `spec` of the ThanosRuler: it evaluates only what looks back for longer than Prometheus keeps."""
    labels = args.scope.labels(args.ruler_account)
    claim = claim_manifest(RULER_STORAGE, args.storage_class)
    term = {"labelSelector": {"matchLabels": RULER_PODS}, "topologyKey": "kubernetes.io/hostname"}
    return {
        "replicas": args.replicas,
        "image": THANOS_IMAGE,
        "version": THANOS_VERSION,
        "serviceAccountName": args.ruler_account,
        "priorityClassName": Priority.HIGH.class_name(args.scope.environment),
        "podMetadata": {"labels": {key: labels[key] for key in labels if key.startswith("platform.io/")}},
        "labels": dict(args.external_labels),
        "alertDropLabels": ["thanos_ruler_replica"],
        "evaluationInterval": "5m",
        "ruleSelector": {"matchLabels": {EVALUATOR_LABEL: THANOS}},
        "ruleNamespaceSelector": {},
        "queryConfig": {"name": args.object_storage_secret, "key": QUERY_KEY},
        "objectStorageConfig": {"name": args.object_storage_secret, "key": STORAGE_KEY},
        "alertmanagersUrl": [args.alertmanager],
        "retention": "2d",
        "grpcServerTlsConfig": dict(SIDECAR_TLS),
        "volumes": [{"name": "tls", "secret": {"secretName": args.tls_secret}}],
        "volumeMounts": [{"name": "tls", "mountPath": TLS_PATH, "readOnly": True}],
        "resources": RULER_RESOURCES.as_requirements(),
        "securityContext": dict(SECURITY),
        "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}},
        "containers": [{"name": "config-reloader", "resources": RELOADER.as_requirements()}],
        "storage": {"volumeClaimTemplate": {"spec": claim}},
    }
