"""The component of Prometheus, and the object that its operator reads."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi_kubernetes.core.v1 import ServiceAccount
from pulumi_kubernetes.rbac.v1 import ClusterRole, ClusterRoleBinding

from components.kubernetes.needs import KUBELETS, KUBERNETES_API, NEEDS
from components.kubernetes.network import allow
from components.kubernetes.objects import custom_resource
from components.kubernetes.scheduling import Priority
from components.kubernetes.volumes import claim_manifest
from components.monitoring.prometheus.args import (
    LABELS,
    RELOADER,
    SECURITY,
    SIDECAR,
    SIDECAR_TLS,
    TLS_PATH,
    PrometheusArgs,
)
from components.monitoring.rules import EVALUATOR_LABEL
from versions import PROMETHEUS, PROMETHEUS_AGENT, PROMETHEUS_IMAGE, PROMETHEUS_VERSION, THANOS_IMAGE, THANOS_VERSION

_TLS_VOLUME = "thanos-tls"


def specification(args: PrometheusArgs) -> dict[str, Any]:
    """The `spec` of the Prometheus object, or of the PrometheusAgent."""
    labels = args.scope.labels(args.account)
    own = {key: value for key, value in labels.items() if key.startswith("platform.io/")}
    return {
        "replicas": args.replicas,
        "image": PROMETHEUS_IMAGE,
        "version": PROMETHEUS_VERSION,
        "serviceAccountName": args.account,
        "priorityClassName": Priority.HIGH.class_name(args.scope.environment),
        "automountServiceAccountToken": True,
        "podMetadata": {"labels": own | LABELS},
        # Beside the operator's own `prometheus_replica`, which tells the replicas apart.
        "externalLabels": dict(args.external_labels),
        "scrapeInterval": args.scrape_interval,
        **_selectors("serviceMonitor", "podMonitor", "probe", "scrapeConfig"),
        "walCompression": True,
        "storage": {"volumeClaimTemplate": {"spec": claim_manifest(args.storage, args.storage_class)}},
        "resources": args.resources.as_requirements(),
        "securityContext": dict(SECURITY),
        "affinity": _apart(args),
        "containers": [{"name": "config-reloader", "resources": RELOADER.as_requirements()}],
        **({} if args.agent else _server(args)),
        **_optional(args),
    }


def _selectors(*kinds: str) -> dict[str, Any]:
    """Everything of every namespace: what may be deployed there is the API server's and the policies' to say."""
    return {f"{kind}{what}": {} for kind in kinds for what in ("Selector", "NamespaceSelector")}


def _server(args: PrometheusArgs) -> dict[str, Any]:
    """What only a Prometheus does that keeps its samples: evaluate rules, and forget."""
    not_others = {"key": EVALUATOR_LABEL, "operator": "DoesNotExist"}
    return {
        "evaluationInterval": args.evaluation_interval,
        **_selectors("rule"),
        "ruleSelector": {"matchExpressions": [not_others]},
        "retention": args.retention,
        # The CRD's own notation for the size: no `i`, and powers of 1024 all the same.
        "retentionSize": f"{args.retention_size.amount // 2**20}MB",
    }


def _apart(args: PrometheusArgs) -> dict[str, Any]:
    """Replicas on different nodes, always: two on one node are lost together."""
    term = {"labelSelector": {"matchLabels": args.pods}, "topologyKey": "kubernetes.io/hostname"}
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def _optional(args: PrometheusArgs) -> dict[str, Any]:
    spec: dict[str, Any] = {}
    if args.alertmanager:
        where = {"name": args.alertmanager, "namespace": args.scope.namespace, "port": "web", "apiVersion": "v2"}
        spec["alerting"] = {"alertmanagers": [where]}
    if args.tls_secret:
        certificate = {"secret": {"name": args.tls_secret, "key": "tls.crt"}}
        key = {"name": args.tls_secret, "key": "tls.key"}
        spec["web"] = {"tlsConfig": {"cert": certificate, "keySecret": key}}
    if args.object_storage_secret:
        spec["thanos"] = {
            "image": THANOS_IMAGE,
            "version": THANOS_VERSION,
            "objectStorageConfig": {"name": args.object_storage_secret, "key": "configuration"},
            "resources": SIDECAR.as_requirements(),
            **_sidecar_tls(args),
        }
    if args.thanos_tls_secret:
        spec["volumes"] = [{"name": _TLS_VOLUME, "secret": {"secretName": args.thanos_tls_secret}}]
    if args.remote_write:
        spec["remoteWrite"] = [target.as_spec() for target in args.remote_write]
    return spec


def _sidecar_tls(args: PrometheusArgs) -> dict[str, Any]:
    if not args.thanos_tls_secret:
        return {}
    mount = {"name": _TLS_VOLUME, "mountPath": TLS_PATH, "readOnly": True}
    return {"grpcServerTlsConfig": dict(SIDECAR_TLS), "volumeMounts": [mount]}


class Prometheus(pulumi.ComponentResource):
    """A Prometheus or PrometheusAgent with its service account, its right to discover targets, and its network policy.

    Outputs: `url` (where its series are asked for).
    """

    url: str

    def __init__(self, name: str, args: PrometheusArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:observability:Prometheus", name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        account = self._account()
        self._discovery()
        self._network_policy()
        self._server(account)
        self.url = args.url
        self.register_outputs({"url": self.url})

    def _metadata(self, *, cluster: bool = False) -> dict[str, Any]:
        args = self._args
        if cluster:
            return {"name": f"{args.scope.namespace}-{args.account}", "labels": args.scope.labels(args.account)}
        return args.scope.metadata(args.account)

    def _account(self) -> ServiceAccount:
        return ServiceAccount(
            self._name, metadata=self._metadata(), automount_service_account_token=False, opts=self._child
        )

    def _discovery(self) -> None:
        """Targets are found by Services, endpoints and pods of all namespaces: read them, and nothing else."""
        ClusterRole(
            self._name,
            metadata=self._metadata(cluster=True),
            rules=[
                {"api_groups": [""], "resources": ["services", "endpoints", "pods"], "verbs": ["get", "list", "watch"]},
                {
                    "api_groups": ["discovery.k8s.io"],
                    "resources": ["endpointslices"],
                    "verbs": ["get", "list", "watch"],
                },
                {"api_groups": [""], "resources": ["nodes/metrics"], "verbs": ["get"]},
            ],
            opts=self._child,
        )
        name = f"{self._args.scope.namespace}-{self._args.account}"
        ClusterRoleBinding(
            self._name,
            metadata=self._metadata(cluster=True),
            role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
            subjects=[
                {"kind": "ServiceAccount", "name": self._args.account, "namespace": self._args.scope.namespace},
            ],
            opts=self._child,
        )

    def _network_policy(self) -> None:
        args = self._args
        # Thanos' sidecar, which uploads, is in Prometheus' own pod.
        stored = (NEEDS["long-term storage"].flow,) if args.object_storage_secret else ()
        allow(
            self._name,
            scope=args.scope,
            component=args.account,
            pods=args.pods,
            ingress=args.ingress,
            egress=(*args.egress, KUBERNETES_API, KUBELETS, *stored),
            opts=self._child,
        )

    def _server(self, account: ServiceAccount) -> None:
        kind = PROMETHEUS_AGENT if self._args.agent else PROMETHEUS
        custom_resource(
            self._name,
            kind,
            metadata=self._metadata() | {"name": self._args.name},
            spec=specification(self._args),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[account]),
        )
