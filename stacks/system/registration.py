"""The stores of a system registered, each after what it needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.platform.credentials import ExternalStore, SecretBundle
from components.stores.buckets.buckets import Buckets
from components.stores.buckets.component import ObjectStorage
from components.stores.postgres.component import Database, DatabaseLogins
from components.stores.redis.component import Cache
from components.workload.job import ScriptJob
from stacks.system.files import Storage
from stacks.system.names import POSTGRES
from stacks.system.stores import Postgres, Stores


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where they are registered: the system's `name` and component, the options of all that is in its namespace."""

    name: str
    store: ExternalStore | None
    parent: pulumi.Resource
    opts: pulumi.ResourceOptions

    def after(self, *needs: pulumi.Resource) -> pulumi.ResourceOptions:
        """The options of what needs these."""
        return pulumi.ResourceOptions(parent=self.parent, depends_on=list(needs))


def register_stores(stores: Stores, site: Site) -> list[pulumi.Resource]:
    """Register all of them; returns what the services wait for."""
    files = _objects(stores.storage, site)
    needs = _postgres(stores.postgres, site, files) if stores.postgres else []
    if stores.redis:
        needs.append(Cache(f"{site.name}-redis", stores.redis.args, site.opts))
    return [*needs, *files]


def _objects(storage: Storage, site: Site) -> list[pulumi.Resource]:
    """Whatever of it is the cluster's; the last is what others wait for."""
    made: list[pulumi.Resource] = []
    if storage.minio:
        made.append(ObjectStorage(f"{site.name}-minio", storage.minio, site.opts))
    if storage.buckets:
        made.append(Buckets(f"{site.name}-buckets", storage.buckets, site.after(*made)))
    if storage.backup_secret:
        made.append(SecretBundle(f"{site.name}-backup-secret", storage.backup_secret, site.opts))
    return made


def _postgres(postgres: Postgres, site: Site, files: Sequence[pulumi.Resource]) -> list[pulumi.Resource]:
    """All clusters of the database, its dump and its schema; returns what the services wait for."""
    active, base = postgres.active, f"{site.name}-postgresql"
    logins = DatabaseLogins(
        f"{base}-logins",
        scope=active.scope,
        component=POSTGRES,
        logins=active.logins,
        store=site.store,
        protect=active.protect,
        opts=site.opts,
    )
    # A database that cannot archive its WAL keeps it, and fills its volume: the bucket is there first.
    after = site.after(logins, *files)
    made = {
        one.cluster_name: Database(
            base if one.cluster_name == POSTGRES else f"{site.name}-{one.cluster_name}", one, after
        )
        for one in postgres.clusters
    }
    database = made[active.cluster_name]
    ScriptJob(f"{site.name}-dump", postgres.dump, site.after(database))
    if postgres.migration is None:
        return [database]
    # The services depend on it: new pods start once the schema is theirs, and not if that failed.
    return [database, ScriptJob(f"{site.name}-migration", postgres.migration, site.after(database))]
