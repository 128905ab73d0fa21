"""What a cache is told: plain values, all known before anything is registered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from components.cache.settings import RedisSettings, Use
from components.credentials import Credential, ExternalStore
from components.footprint import ContainerResources, Footprint
from components.naming import Scope
from components.network import Peer
from components.quantity import Bytes

# With TLS too: the operator then closes the plain port.
PORT = 6379
METRICS_PORT = 9121
OPERATOR_NAMESPACE = "redis-operator"
EXPORTER = ContainerResources.of("50m", "100m", "64Mi", "128Mi")
Kind = Literal["single", "cluster"]
_CLUSTER_ROLES = ("leader", "follower")


@dataclass(frozen=True, kw_only=True)
class CacheArgs:
    """Redis, each pod with a volume of `storage`: a cluster of `shards` (a leader and a follower each), or one server.

    `secret_name` is the Secret that it makes, with the operator's password and the users. Applications log in as
    `application_user` with `application_password`. `clients` are the label selectors of the pods that may connect,
    `monitoring` is who reads its metrics; `use` decides what goes when memory is full. `zones` is how many zones
    leaders must spread over, and a follower must not share with its leader (None: as far as there is room).
    """

    scope: Scope
    kind: Kind
    name: str
    secret_name: str
    password: Credential
    application_password: Credential
    application_user: str
    store: ExternalStore | None
    shards: int
    resources: ContainerResources
    storage: Bytes
    storage_class: str | None
    tls: bool = False
    zones: int | None = None
    clients: Sequence[Mapping[str, str]] = field(default=())
    monitoring: Peer | None = None
    use: Use = "session"

    @property
    def settings(self) -> RedisSettings:
        """What Redis is configured with: memory from the container's limit, eviction from the use."""
        return RedisSettings(use=self.use, memory_limit=self.resources.memory_limit)

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles of its pods: one word of the operator's for each StatefulSet that it makes."""
        return _CLUSTER_ROLES if self.kind == "cluster" else ("standalone",)

    def pods_of(self, role: str) -> str:
        """The name of the operator's StatefulSet and Service of a role."""
        return f"{self.name}-{role}" if self.kind == "cluster" else self.name

    @property
    def pods(self) -> tuple[dict[str, str], ...]:
        """The selectors of its pods, by the labels that the operator gives them: leaders first."""
        return tuple({"app": self.pods_of(role), "role": role} for role in self.roles)

    @property
    def host(self) -> str:
        """The DNS name of the Service, which the operator makes, of the server or of the leaders."""
        return self.scope.host(self.pods_of(self.roles[0]))

    @property
    def tls_secret_name(self) -> str:
        """The Secret that cert-manager makes: `tls.crt`, `tls.key`, and `ca.crt`, by which clients know the server."""
        return f"{self.name}-tls"

    @property
    def certificate_hosts(self) -> tuple[str, ...]:
        """The DNS names of every Service and pod: a cluster tells its clients those of its pods."""
        services = [self.scope.host(self.pods_of(role)) for role in self.roles]
        pods = [f"*.{self.scope.host(f'{self.pods_of(role)}-headless')}" for role in self.roles]
        return (*services, *pods, "localhost")

    def footprint(self) -> Footprint:
        """All servers; the exporter runs beside each in its pod."""
        pods = self.shards * len(self.roles)
        return Footprint.of(pods, self.resources, volumes=pods, storage=self.storage) + Footprint.of(pods, EXPORTER)
