"""Redis as a store of a system.

The names are those of the AstrBot document, section 2.2, for every system: one name finds them in every namespace.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import pulumi

from components.kubernetes.footprint import ContainerResources, Footprint
from components.stores.base import (
    PodFigures,
    Provider,
    Site,
    Store,
    StoreContext,
    StoreFigures,
    StorePlan,
    StoreSettings,
    pods_at,
)
from components.stores.facts import StoreFacts
from components.stores.redis.args import PORT, CacheArgs, Kind
from components.stores.redis.facts import FACTS
from components.workload.args import SecretKey

_CLUSTER, _SERVER = "redis-cluster", "redis"
_PASSWORD = "redis-password"
# Redis' own master, which no service sees.
_ADMINISTRATOR = "redis-admin-password"


class CacheFigures(PodFigures, Protocol):
    """What a tier says of it."""

    @property
    def kind(self) -> Kind: ...
    @property
    def shards(self) -> int: ...
    @property
    def tls(self) -> bool: ...


@dataclass(frozen=True, kw_only=True)
class Redis(Store):
    """Redis, for the one `user` of the application; services find its password in REDIS_PASSWORD.

    With several `databases` (numbered from 0) it is a single server in every tier: a cluster has one. `figures` are the
    least that each pod gets in the tiers of full size. `scripts` lets the application run Lua in the server (EVAL,
    FCALL; locks of client libraries do): without it a flaw of the interpreter is out of its reach.
    """

    facts: ClassVar[StoreFacts] = FACTS

    user: str
    databases: int = 1
    scripts: bool = False
    figures: StoreFigures = field(default_factory=StoreFigures)

    @property
    def password(self) -> str:
        """The environment variable with the password, which is the key of the system's Secret too."""
        return "REDIS_PASSWORD"

    def keys(self) -> Mapping[str, str]:
        """The user's password."""
        return {self.password: _PASSWORD}

    def credentials(self, settings: StoreSettings) -> Mapping[str, str]:
        """The passwords of the operator and of the user."""
        return {one: one for one in (_ADMINISTRATOR, _PASSWORD)}

    def names(self, system: str) -> Sequence[str]:
        """The Services that the operator makes of a server and of a cluster."""
        roles = [*(f"{_CLUSTER}{role}" for role in ("", "-leader", "-follower", "-master")), _SERVER]
        return [f"{role}{suffix}" for role in roles for suffix in ("", "-headless", "-additional", "-metrics")]

    def plan(self, context: StoreContext) -> RedisPlan:
        """A single server or a cluster, as the tier says."""
        figures: CacheFigures = context.figures
        resources, storage = self.figures.fitted(figures, full_size=context.full_size)
        single = self.databases > 1
        kind: Kind = "single" if single else figures.kind
        args = CacheArgs(
            scope=context.scope,
            kind=kind,
            name=_CLUSTER if kind == "cluster" else _SERVER,
            secret_name="redis-secret",
            password=context.credentials[_ADMINISTRATOR],
            application_user=self.user,
            application_password=context.credentials[_PASSWORD],
            store=context.external,
            shards=1 if single else figures.shards,
            resources=resources,
            storage=storage,
            storage_class=context.storage_class,
            tls=figures.tls,
            zones=context.zones if context.zones_required else None,
            clients=context.clients,
            monitoring=context.monitoring,
            scripts=self.scripts,
        )
        return RedisPlan(args=args, password={self.password: SecretKey(secret=context.secret, key=self.password)})


@dataclass(frozen=True, kw_only=True)
class RedisPlan(StorePlan):
    """Redis, and where its password is."""

    args: CacheArgs
    password: Mapping[str, SecretKey]

    def footprints(self) -> Sequence[Footprint]:
        """All servers."""
        return [self.args.footprint()]

    def containers(self) -> Sequence[ContainerResources]:
        """The server."""
        return [self.args.resources]

    def settings(self) -> Mapping[str, str]:
        """The AstrBot document, section 2.1, has host and port."""
        args = self.args
        return {
            "REDIS_HOST": args.host,
            "REDIS_PORT": str(PORT),
            "REDIS_USER": args.application_user,
            # A cluster's client follows a key to its shard; one of a single server does not know how.
            "REDIS_CLUSTER": str(args.kind == "cluster").lower(),
            "REDIS_TLS": str(args.tls).lower(),
        }

    def provider(self) -> Provider:
        """Its pods, the password, and with TLS the authority by which clients know the server."""
        args = self.args
        authority = {"REDIS_CA_CERTIFICATE": SecretKey(secret=args.tls_secret_name, key="ca.crt")} if args.tls else {}
        return Provider(flows=pods_at(args.pods, PORT), secrets={**self.password, **authority})

    def register(self, site: Site) -> Sequence[pulumi.Resource]:
        """The component."""
        # Only here: what only plans registers nothing.
        from components.stores.redis.component import Cache

        return [Cache(f"{site.name}-redis", self.args, site.opts)]
