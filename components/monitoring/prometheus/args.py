"""What a Prometheus is told, and what it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from components.kubernetes.footprint import ContainerResources, Footprint
from components.kubernetes.naming import Scope
from components.kubernetes.network import Flow
from components.kubernetes.quantity import Bytes
from components.monitoring import promql

PORT = 9090
# Thanos' gRPC port, where everything that has series answers, and the HTTP port of its sidecar, for metrics.
GRPC_PORT, SIDECAR_PORT = 10901, 10902
# Where every part of Thanos finds the certificate that it shows the others; the operator takes paths alone.
TLS_PATH = "/etc/thanos/tls"
SIDECAR_TLS: Mapping[str, str] = {
    "certFile": f"{TLS_PATH}/tls.crt",
    "keyFile": f"{TLS_PATH}/tls.key",
    "caFile": f"{TLS_PATH}/ca.crt",
}
# The operator's sidecar that reloads the configuration, and Thanos' that uploads blocks.
RELOADER = ContainerResources.of("10m", "100m", "32Mi", "64Mi")
SIDECAR = ContainerResources.of("100m", "500m", "256Mi", "512Mi")
# What is needed beside the blocks: the write-ahead log and a compaction's copy (Prometheus' storage documentation
# recommends a size limit of at most 80 to 85 % of the volume; the documents' 90 GB of 100 GiB is 84 %).
USABLE = 0.85
# A label of the pods of every Prometheus and PrometheusAgent: network policies let them read metrics.
LABELS = {"platform.io/reads-metrics": "true"}
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

    `credential` is a key of the Secret `secret`, whose value is sent as a bearer token. The queue's figures are the
    orders document's (section 7.3).
    """

    url: str
    dropped: str = ""
    secret: str = ""
    credential: str = ""

    def as_spec(self) -> dict[str, Any]:
        """The entry of `spec.remoteWrite`."""
        drop = {"sourceLabels": ["__name__"], "regex": self.dropped, "action": "drop"}
        token = {"credentials": {"name": self.secret, "key": self.credential}}
        return {
            "url": self.url,
            **({"authorization": token} if self.credential else {}),
            "queueConfig": {
                "capacity": 10000,
                "maxShards": 10,
                "minShards": 1,
                "maxSamplesPerSend": 5000,
                "batchSendDeadline": "5s",
            },
            **({"writeRelabelConfigs": [drop]} if self.dropped else {}),
        }


# The multi-cluster manager's and the federated risk document's, of scrapes and of rules.
INTERVAL = "15s"


@dataclass(frozen=True, kw_only=True)
class PrometheusArgs:
    """`replicas` equal servers on different nodes, each with a volume of `storage` in which it keeps its samples for
    `retention` (a duration) or until they take `retention_size`.

    It scrapes every `scrape_interval` what does not say otherwise, and evaluates rules every `evaluation_interval`.
    `external_labels` mark everything that leaves it. `tls_secret` (keys `tls.crt`, `tls.key`) makes it serve HTTPS;
    `object_storage_secret` (key `configuration`) starts the Thanos sidecar, which shows the certificate of
    `thanos_tls_secret`. An `agent` keeps nothing and evaluates nothing, but sends everything to `remote_write`; whoever
    wants to know asks at `agent` (a URL). `ingress` and `egress` are who may ask it
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
    scrape_interval: str = INTERVAL
    evaluation_interval: str = INTERVAL
    alertmanager: str | None = None
    tls_secret: str | None = None
    object_storage_secret: str | None = None
    thanos_tls_secret: str | None = None
    agent: str | None = None
    remote_write: Sequence[RemoteWrite] = ()
    ingress: Sequence[Flow] = ()
    egress: Sequence[Flow] = field(default=())

    def __post_init__(self) -> None:
        usable = self.storage * USABLE
        if self.retention_size.amount > usable.amount:
            raise ValueError(
                f"Prometheus {self.name}: retention_size {self.retention_size} is larger than its volume allows: "
                f"{USABLE:.0%} of storage {self.storage} is {usable.rounded()}"
            )
        for duration in (self.retention, self.scrape_interval, self.evaluation_interval):
            promql.seconds(duration)

    @property
    def account(self) -> str:
        """The name of all its objects but itself, as its operator names the StatefulSet."""
        return f"prom-agent-{self.name}" if self.agent else f"prometheus-{self.name}"

    @property
    def pods(self) -> dict[str, str]:
        """The selector of its pods, by the labels that the operator gives them."""
        own = {"operator.prometheus.io/name": self.name} if self.agent else {"prometheus": self.name}
        return {"app.kubernetes.io/name": self.application, **own}

    @property
    def application(self) -> str:
        """What the operator calls its pods."""
        return "prometheus-agent" if self.agent else "prometheus"

    @property
    def scheme(self) -> str:
        """How it is asked: https if it has a certificate."""
        return "https" if self.tls_secret else "http"

    @property
    def url(self) -> str:
        """Where its series are asked for."""
        return self.agent or prometheus_url(self.scope, tls=self.tls_secret is not None)

    def footprint(self) -> Footprint:
        """Its servers with their sidecars."""
        sidecars = [RELOADER, *([SIDECAR] if self.object_storage_secret else [])]
        beside = [_beside(self.replicas, resources) for resources in sidecars]
        own = Footprint.of(self.replicas, self.resources, volumes=self.replicas, storage=self.storage)
        return sum(beside, own)


def prometheus_url(scope: Scope, *, tls: bool) -> str:
    """Where the Prometheus in the namespace of `scope` is asked."""
    return f"{'https' if tls else 'http'}://{scope.host('prometheus-operated')}:{PORT}"


def _beside(pods: int, resources: ContainerResources) -> Footprint:
    """Containers in pods that are counted already."""
    return replace(Footprint.of(pods, resources), pods=0)
