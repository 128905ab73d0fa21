"""What Thanos is told, and what its parts have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from components.kubernetes.footprint import ContainerResources, Footprint
from components.kubernetes.naming import Scope
from components.kubernetes.network import Flow, Peer
from components.kubernetes.quantity import Bytes
from components.monitoring import promql
from components.monitoring.prometheus import GRPC_PORT, RELOADER, TLS_PATH

HTTP_PORT = 10902
QUERY, STORE, COMPACTOR = "thanos-query", "thanos-store", "thanos-compactor"
# The key of the Secret under which the object storage is described, and that which says where the ruler asks.
STORAGE_KEY, QUERY_KEY = "configuration", "query"
RULER_RESOURCES = ContainerResources.of("100m", "500m", "256Mi", "512Mi")
RULER_STORAGE = Bytes.parse("10Gi")
# The pods that the operator makes of a ThanosRuler.
RULER_PODS = {"app.kubernetes.io/name": "thanos-ruler"}


@dataclass(frozen=True, kw_only=True)
class ThanosArgs:
    """`prometheus` is whose sidecars are asked (label selector), `clients` who may ask the querier, `metrics_reader`
    who scrapes all parts.

    `object_storage_secret` has the keys `configuration` (of the bucket, in Thanos' notation) and `query` (of
    `ThanosArgs.query_configuration`). `tls_secret` has the certificate of all parts, which show it to each other.
    `retention` (a duration) is how long samples are kept, raw and downsampled. `volume` is that of the store gateway's
    and the compactor's scratch data; `alertmanager` the address that the ruler tells. `external_labels` mark its
    series.
    """

    scope: Scope
    object_storage_secret: str
    tls_secret: str
    prometheus: Mapping[str, str]
    external_labels: Mapping[str, str]
    alertmanager: str
    volume: Bytes
    storage_class: str | None
    retention: str = "30d"
    replicas: int = 2
    metrics_reader: Peer
    clients: Sequence[Peer] = ()

    def __post_init__(self) -> None:
        promql.seconds(self.retention)

    @property
    def jobs(self) -> dict[str, int]:
        """How many pods each of its jobs has."""
        many = self.replicas
        return {QUERY: many, STORE: many, COMPACTOR: 1, RULER_PODS["app.kubernetes.io/name"]: many}

    @property
    def name(self) -> str:
        """By which all parts are known in their common certificate."""
        return self.scope.host("thanos")

    @property
    def url(self) -> str:
        """Where Grafana and people ask."""
        return f"https://{self.scope.host(QUERY)}:{HTTP_PORT}"

    @property
    def ruler_account(self) -> str:
        """The name of the ruler's objects, as the operator names its StatefulSet."""
        return "thanos-ruler-main"

    def certificate_hosts(self) -> list[str]:
        """The names that the certificate must have."""
        return [self.name, self.scope.host(QUERY)]

    def query_configuration(self) -> list[dict[str, object]]:
        """How the ruler asks the querier; the operator wants it from a Secret."""
        target = f"{self.scope.host(QUERY)}:{HTTP_PORT}"
        tls = {"ca_file": f"{TLS_PATH}/ca.crt"}
        return [{"scheme": "https", "static_configs": [target], "http_config": {"tls_config": tls}}]

    def asks(self) -> Flow:
        """The flow from the querier to whatever has series."""
        return Flow(peer=Peer(pods=self.scope.selector(QUERY)), ports=(GRPC_PORT,))

    def ruler_footprint(self) -> Footprint:
        """The pods that the operator makes of the ThanosRuler, with their reloaders."""
        own = Footprint.of(self.replicas, RULER_RESOURCES, volumes=self.replicas, storage=RULER_STORAGE)
        return own + replace(Footprint.of(self.replicas, RELOADER), pods=0)


def server_tls() -> list[str]:
    """The arguments with which a part shows its certificate, and asks for one."""
    return [
        f"--grpc-server-tls-cert={TLS_PATH}/tls.crt",
        f"--grpc-server-tls-key={TLS_PATH}/tls.key",
        f"--grpc-server-tls-client-ca={TLS_PATH}/ca.crt",
    ]
