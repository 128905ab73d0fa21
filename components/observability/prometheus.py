"""Prometheus, run by its operator: what it keeps and for how long, what it may reach, where it sends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import ServiceAccount
from pulumi_kubernetes.rbac.v1 import ClusterRole, ClusterRoleBinding

from components.footprint import ContainerResources, Footprint
from components.naming import Scope
from components.network import KUBERNETES_API, Flow, allow
from components.observability import promql
from components.priority import Priority
from components.quantity import Bytes
from versions import PROMETHEUS, PROMETHEUS_IMAGE, PROMETHEUS_VERSION, THANOS_IMAGE, THANOS_VERSION

PORT = 9090
THANOS_PORT = 10901
# The operator's sidecar that reloads the configuration, and Thanos' that uploads blocks.
RELOADER = ContainerResources.of("10m", "100m", "32Mi", "64Mi")
SIDECAR = ContainerResources.of("100m", "500m", "256Mi", "512Mi")
# What is needed beside the blocks: the write-ahead log and a compaction's copy (Prometheus' storage documentation
# recommends a size limit of at most 80 to 85 % of the volume; the documents' 90 GB of 100 GiB is 84 %).
_USABLE = 0.85
# Labels that the operator gives to the pods of every Prometheus.
LABELS = {"app.kubernetes.io/name": "prometheus"}
SECURITY: Mapping[str, Any] = {
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "runAsGroup": 2000,
    "fsGroup": 2000,
    "seccompProfile": {"type": "RuntimeDefault"},
}


@dataclass(frozen=True, kw_only=True)
class RemoteWrite:
    """A further store, such as VictoriaMetrics. `dropped` is a regular expression of metrics too expensive to send.

    The queue's figures are the orders document's (section 7.3).
    """

    url: str
    dropped: str

    def as_spec(self) -> dict[str, Any]:
        """The entry of `spec.remoteWrite`."""
        return {
            "url": self.url,
            "queueConfig": {
                "capacity": 10000,
                "maxShards": 10,
                "minShards": 1,
                "maxSamplesPerSend": 5000,
                "batchSendDeadline": "5s",
            },
            "writeRelabelConfigs": [{"sourceLabels": ["__name__"], "regex": self.dropped, "action": "drop"}],
        }


@dataclass(frozen=True, kw_only=True)
class PrometheusArgs:
    """`replicas` equal servers on different nodes, each with a volume of `storage` in which it keeps its samples for
    `retention` (a duration) or until they take `retention_size`.

    `external_labels` mark everything that leaves it. `tls_secret` (keys `tls.crt`, `tls.key`) makes it serve HTTPS;
    `object_storage_secret` (key `configuration`) starts the Thanos sidecar. `ingress` and `egress` are who may ask it
    and what it may scrape. Raises ValueError, with the name, when the samples cannot fit the volume.
    """

    scope: Scope
    name: str
    replicas: int
    resources: ContainerResources
    storage: Bytes
    storage_class: str | None
    retention: str
    retention_size: Bytes
    external_labels: Mapping[str, str]
    alertmanager: str | None = None
    tls_secret: str | None = None
    object_storage_secret: str | None = None
    remote_write: Sequence[RemoteWrite] = ()
    ingress: Sequence[Flow] = ()
    egress: Sequence[Flow] = field(default=())

    def __post_init__(self) -> None:
        usable = self.storage * _USABLE
        if self.retention_size.amount > usable.amount:
            raise ValueError(
                f"Prometheus {self.name}: retention_size {self.retention_size} is larger than its volume allows: "
                f"{_USABLE:.0%} of storage {self.storage} is {usable.rounded()}"
            )
        promql.seconds(self.retention)

    @property
    def account(self) -> str:
        """The name of all its objects but itself, as its operator names the StatefulSet."""
        return f"prometheus-{self.name}"

    @property
    def pods(self) -> dict[str, str]:
        """The selector of its pods, by the labels that the operator gives them."""
        return {**LABELS, "prometheus": self.name}

    @property
    def scheme(self) -> str:
        """How it is asked: https if it has a certificate."""
        return "https" if self.tls_secret else "http"

    def footprint(self) -> Footprint:
        """Its servers with their sidecars."""
        sidecars = [RELOADER, *([SIDECAR] if self.object_storage_secret else [])]
        beside = [_beside(self.replicas, resources) for resources in sidecars]
        own = Footprint.of(self.replicas, self.resources, volumes=self.replicas, storage=self.storage)
        return sum(beside, own)


def _beside(pods: int, resources: ContainerResources) -> Footprint:
    """Containers in pods that are counted already."""
    return replace(Footprint.of(pods, resources), pods=0)


class Prometheus(pulumi.ComponentResource):
    """A Prometheus with its service account, its right to discover targets, and its network policy.

    Outputs: `url` (cluster-internal).
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
        self.url = f"{args.scheme}://{args.scope.host('prometheus-operated')}:{PORT}"
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
        allow(
            self._name,
            scope=args.scope,
            component=args.account,
            pods=args.pods,
            ingress=args.ingress,
            egress=(*args.egress, KUBERNETES_API),
            opts=self._child,
        )

    def _server(self, account: ServiceAccount) -> None:
        CustomResource(
            self._name,
            api_version=PROMETHEUS.api_version,
            kind=PROMETHEUS.kind,
            metadata=self._metadata() | {"name": self._args.name},
            spec=specification(self._args),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[account]),
        )


def specification(args: PrometheusArgs) -> dict[str, Any]:
    """The `spec` of the Prometheus object."""
    labels = args.scope.labels(args.account)
    own = {key: value for key, value in labels.items() if key.startswith("platform.io/")}
    return {
        "replicas": args.replicas,
        "image": PROMETHEUS_IMAGE,
        "version": PROMETHEUS_VERSION,
        "serviceAccountName": args.account,
        "priorityClassName": Priority.HIGH.class_name(args.scope.environment),
        "automountServiceAccountToken": True,
        "podMetadata": {"labels": own},
        "externalLabels": dict(args.external_labels),
        # Beside the operator's own `prometheus_replica`, which tells the replicas apart.
        "scrapeInterval": "30s",
        "evaluationInterval": "30s",
        **_selectors(),
        **_storage(args),
        "resources": args.resources.as_requirements(),
        "securityContext": dict(SECURITY),
        "affinity": _apart(args),
        "containers": [{"name": "config-reloader", "resources": RELOADER.as_requirements()}],
        **_optional(args),
    }


def _selectors() -> dict[str, Any]:
    """Everything of every namespace: what may be deployed there is the API server's and the policies' to say."""
    kinds = ("serviceMonitor", "podMonitor", "probe", "scrapeConfig", "rule")
    return {f"{kind}{what}": {} for kind in kinds for what in ("Selector", "NamespaceSelector")}


def _storage(args: PrometheusArgs) -> dict[str, Any]:
    claim: dict[str, Any] = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": str(args.storage)}},
    }
    storage_class = {"storageClassName": args.storage_class} if args.storage_class else {}
    return {
        "retention": args.retention,
        # The CRD's own notation for the size: no `i`, and powers of 1024 all the same.
        "retentionSize": f"{args.retention_size.amount // 2**20}MB",
        "walCompression": True,
        "storage": {"volumeClaimTemplate": {"spec": claim | storage_class}},
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
        }
    if args.remote_write:
        spec["remoteWrite"] = [target.as_spec() for target in args.remote_write]
    return spec
