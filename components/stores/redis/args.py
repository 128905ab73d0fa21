"""What a cache is told, its users and configuration among it: plain values, known before anything is registered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from components.kubernetes.footprint import ContainerResources, Footprint
from components.kubernetes.naming import Scope
from components.kubernetes.network import Peer
from components.kubernetes.quantity import Bytes
from components.platform.credentials import Composed, Credential, ExternalStore

# A fork for a snapshot or a rewrite of the append-only file copies the pages that are written meanwhile, and client
# buffers come on top: Redis' own advice is to leave a good part of the memory free.
_SHARE = 0.7
_LEAST = Bytes.parse("32Mi")
Use = Literal["cache", "session"]


@dataclass(frozen=True, kw_only=True)
class RedisSettings:
    """`use` says what may go when memory is full.

    A cache evicts whatever was used least recently, and keeps nothing over a restart that it could not fetch again. A
    session store evicts only what has a lifetime, that which ends first, and appends every write to a file.
    """

    use: Use
    memory_limit: Bytes

    def __post_init__(self) -> None:
        if self.maxmemory.amount < _LEAST.amount:
            raise ValueError(
                f"a memory limit of {self.memory_limit} leaves Redis {self.maxmemory.rounded()}: it needs at least "
                f"{_LEAST}, which is a limit of {Bytes(int(_LEAST.amount / _SHARE)).rounded()}"
            )

    @property
    def maxmemory(self) -> Bytes:
        """What data may take: 70 % of the limit, so that Redis evicts before the kernel kills."""
        return Bytes(int(self.memory_limit.amount * _SHARE))

    def as_configuration(self) -> str:
        """The lines of `redis.conf`; the operator includes them after its own."""
        session = self.use == "session"
        # The operator's lines append and save, under a file name that has changed with its versions.
        keeps = {"appendonly": "yes", "appendfilename": '"appendonly.aof"'} if session else {"appendonly": "no"}
        settings = {
            "maxmemory": str(self.maxmemory.amount),
            "maxmemory-policy": "volatile-ttl" if session else "allkeys-lru",
            **keeps,
            **({} if session else {"save": '""'}),
            "appendfsync": "everysec",
            # Freeing a large value must not hold up everybody else.
            "lazyfree-lazy-eviction": "yes",
            "lazyfree-lazy-expire": "yes",
        }
        return "".join(f"{name} {value}\n" for name, value in settings.items())


# With TLS too: the operator then closes the plain port.
PORT = 6379
OPERATOR_NAMESPACE = "redis-operator"
# Some hundred bytes for each node of the cluster; less than this many providers do not make a volume of.
NODE_TABLE = Bytes.parse("1Gi")
EXPORTER = ContainerResources.of("50m", "100m", "64Mi", "128Mi")
Kind = Literal["single", "cluster"]
_CLUSTER_ROLES = ("leader", "follower")


@dataclass(frozen=True, kw_only=True)
class CacheArgs:
    """Redis, each pod with a volume of `storage`: a cluster of `shards` (a leader and a follower each), or one server.

    `secret_name` is the Secret that it makes, with the operator's password and the users. Applications log in as
    `application_user` with `application_password`. `clients` are the label selectors of the pods that may connect,
    `monitoring` is who reads its metrics; `use` decides what goes when memory is full. `zones` is how many zones
    leaders must spread over, and a follower must not share with its leader (None: as far as there is room). `scripts`
    says whether the application runs Lua in the server.
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
    scripts: bool = False

    @property
    def settings(self) -> RedisSettings:
        """What Redis is configured with: memory from the container's limit, eviction from the use."""
        return RedisSettings(use=self.use, memory_limit=self.resources.memory_limit)

    @property
    def account(self) -> str:
        """The service account of its pods, which has neither rights nor a token."""
        return self.name

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
        """All servers; the exporter runs beside each in its pod. A cluster's have a second volume."""
        pods = self.shards * len(self.roles)
        tables = Footprint(volumes=pods, storage=NODE_TABLE * pods) if self.kind == "cluster" else Footprint()
        servers = Footprint.of(pods, self.resources, volumes=pods, storage=self.storage)
        return servers + tables + Footprint.of(pods, EXPORTER)


# The key under which the operator mounts it as Redis' ACL file.
KEY = "user.acl"
# No configuration, no replication, no shutdown, nothing that empties or walks the whole store at once (KEYS,
# FLUSHALL). INFO is among the dangerous ones, and what clients ask first to see whether the server is ready.
_APPLICATION_RULES = "~* &* +@all -@admin -@dangerous +info"
# Lua has been the way out of the server again and again (CVE-2022-0543, CVE-2024-46981, CVE-2025-49844).
_WITHOUT_SCRIPTS = f"{_APPLICATION_RULES} -@scripting"
# The operator, its probes, replication and the exporter log in as `default`. A file that leaves `default` out gives
# it back to everybody, without a password.
_FILE = "user default on #{password:sha256} ~* &* +@all\nuser {user} on #{application:sha256} {rules}\n"


def acl_file(args: CacheArgs) -> Composed:
    """Redis' ACL file with the digests of both passwords."""
    return Composed(
        text=_FILE,
        secret={"password": args.password, "application": args.application_password},
        plain={
            "user": args.application_user,
            "rules": _APPLICATION_RULES if args.scripts else _WITHOUT_SCRIPTS,
        },
    )


def read_at_start(args: CacheArgs) -> dict[str, str]:
    """Settings and rights, which Redis reads when it starts. No password is among it, nor a digest of one."""
    users = acl_file(args)
    return {"settings": args.settings.as_configuration(), KEY: f"{users.text}{sorted(users.plain.items())}"}
