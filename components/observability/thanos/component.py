"""The component of Thanos."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi_kubernetes.core.v1 import ServiceAccount

from components.certificates import Authority, AuthorityArgs
from components.custom_resource import custom_resource
from components.network import DNS, INTERNET_HTTPS, Flow, Peer, allow
from components.observability.monitors import Endpoint, pod_monitor
from components.observability.prometheus import RELOADER, SECURITY, SIDECAR_TLS, TLS_PATH
from components.observability.rules import EVALUATOR_LABEL, THANOS
from components.observability.thanos.args import (
    HTTP_PORT,
    QUERY,
    QUERY_KEY,
    RULER_PODS,
    RULER_RESOURCES,
    RULER_STORAGE,
    STORAGE_KEY,
    ThanosArgs,
)
from components.observability.thanos.parts import compactor, querier, store_gateway
from components.priority import Priority
from components.server.component import Server
from components.volume_claims import claim_manifest
from versions import THANOS_IMAGE, THANOS_RULER, THANOS_VERSION

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
            egress=[DNS, INTERNET_HTTPS, query, alertmanager],
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
