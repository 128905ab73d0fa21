"""The stores of a system together: what each component is told, and what services get of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.kubernetes.footprint import ContainerResources, Footprint
from components.stores.postgres.args import DatabaseArgs
from components.stores.postgres.backup import dump_args
from components.stores.redis.args import CacheArgs
from components.workload.job import ScriptJobArgs
from stacks.schema.service.service import Capability
from stacks.system import data, files
from stacks.system.declaration import CacheNeed, DatabaseNeed
from stacks.system.files import Storage
from stacks.system.flows import Provider
from stacks.system.system_context import SystemContext


@dataclass(frozen=True, kw_only=True)
class Postgres:
    """PostgreSQL: all clusters that are to be there, the `active` one of them, its dump and its schema."""

    need: DatabaseNeed
    active: DatabaseArgs
    clusters: Sequence[DatabaseArgs]
    dump: ScriptJobArgs
    migration: ScriptJobArgs | None


@dataclass(frozen=True, kw_only=True)
class Redis:
    """Redis, and what the system asked of it."""

    need: CacheNeed
    args: CacheArgs


@dataclass(frozen=True, kw_only=True)
class Stores:
    """The arguments of the data tier; None is what the system has no need of."""

    postgres: Postgres | None
    redis: Redis | None
    storage: Storage

    def footprints(self) -> list[Footprint]:
        """The most that each may take."""
        postgres = (*self.postgres.clusters, self.postgres.dump, self.postgres.migration) if self.postgres else ()
        kept = (*postgres, self.redis and self.redis.args, self.storage.minio, self.storage.buckets)
        return [one.footprint() for one in kept if one]

    def containers(self) -> list[ContainerResources]:
        """What the container of each may take."""
        kept = (self.postgres and self.postgres.active, self.redis and self.redis.args, self.storage.minio)
        return [one.resources for one in kept if one]

    def settings(self) -> dict[str, str]:
        """What the clients of each have to know."""
        settings: dict[str, str] = {}
        if self.postgres:
            settings |= data.database_settings(self.postgres.need, self.postgres.active)
        if self.redis:
            settings |= data.cache_settings(self.redis.args)
        return settings | (self.storage.files.settings() if self.storage.files else {})

    def providers(self, secret: str, keys: Sequence[str]) -> Mapping[Capability, Provider]:
        """What stands behind each capability; the system's `secret` has these `keys`."""
        found: dict[Capability, Provider] = {}
        if self.postgres:
            found["database"] = data.database_provider(self.postgres.need, self.postgres.active, secret)
        if self.redis:
            found["cache"] = data.cache_provider(self.redis.need, self.redis.args, secret)
        if self.storage.files:
            found["object_storage"] = files.files_provider(self.storage.files, keys, secret)
        return found


def stores(system: SystemContext) -> Stores:
    """Work out all of them."""
    storage = files.storage(system, system.config.database.clusters)
    cache = system.declaration.cache
    return Stores(
        postgres=_postgres(system, storage),
        redis=Redis(need=cache, args=data.cache(system, cache)) if cache else None,
        storage=storage,
    )


def _postgres(system: SystemContext, storage: Storage) -> Postgres | None:
    need, logins = system.declaration.database, system.credentials.logins
    if need is None or logins is None or storage.backups is None:
        return None
    clusters = data.databases(system, need, passwords=logins, backups=storage.backups)
    active = next(one for one in clusters if one.cluster_name == system.config.database.active)
    return Postgres(
        need=need,
        active=active,
        clusters=clusters,
        dump=dump_args(active),
        migration=data.migration(system, need, active),
    )
