"""The data tier of the platform: PostgreSQL and Redis of section 2.2. Its object storage is in `files.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from components.application.args import SecretKey
from components.cache import PORT as CACHE_PORT
from components.cache import CacheArgs
from components.credentials import Credential
from components.database import (
    BackupArgs,
    BackupTarget,
    DatabaseArgs,
    Login,
    PoolerArgs,
    Recovery,
    ReplicationArgs,
)
from components.database.migration import migration_args
from components.footprint import ContainerResources
from components.naming import Scope
from components.network import INTERNET_HTTPS
from components.script_job import ScriptJobArgs
from stacks.composition import PROMETHEUS, Provider, clients, pods_at
from stacks.databases import DatabaseState, Replication
from stacks.services import Service
from stacks.systems.base import SystemArgs
from stacks.tiers import CacheTier, DatabaseTier

ORIGINAL_CLUSTER = "postgresql-cluster"
DATABASE = "saas_platform"
_OWNER = "saas_platform"
_CACHE_USER = "saas_platform"
_MIGRATION = "astrbot-migration"
_SCHEMA_OWNER = "tenant-service"
# Section 7.2 has the migrations in database/migrations of the service; its image has them below /app.
_ALEMBIC_CONFIG = "/app/database/alembic.ini"


def databases(
    state: DatabaseState,
    args: SystemArgs,
    scope: Scope,
    services: Sequence[Service],
    *,
    passwords: tuple[Credential, Credential],
    backups: BackupTarget,
) -> list[DatabaseArgs]:
    """PostgreSQL, named as in section 2.2, and what was restored from its backups beside it."""
    recoveries = {one.name: Recovery(source=one.source, to=one.to) for one in state.restored}
    original = _database(state, args, scope, services, passwords=passwords, backups=backups)
    return [
        replace(original, cluster_name=name, recovery=recoveries.get(name), alerts=name == state.active)
        for name in state.clusters
    ]


def _database(
    state: DatabaseState,
    args: SystemArgs,
    scope: Scope,
    services: Sequence[Service],
    *,
    passwords: tuple[Credential, Credential],
    backups: BackupTarget,
) -> DatabaseArgs:
    tier = args.tier.database
    backup = _backup(tier, backups)
    return DatabaseArgs(
        scope=scope,
        cluster_name=ORIGINAL_CLUSTER,
        database=DATABASE,
        # Section 6.1 names the Secret.
        logins=(
            Login(user=_OWNER, secret_name="postgresql-secret", password=passwords[0]),
            Login(user=f"{_OWNER}_b", secret_name="postgresql-secret-b", password=passwords[1]),
        ),
        active_login=state.rotation.active,
        replication=_replication(state.replication, backup.target) if state.replication else None,
        instances=tier.instances,
        resources=_resources(tier),
        storage=tier.storage,
        wal_storage=tier.wal_storage,
        storage_class=args.tier.storage_class,
        parameters=tier.parameters,
        pooler=PoolerArgs(instances=tier.poolers),
        backup=backup,
        clients=clients(scope, services, "database"),
        direct_clients=(scope.selector(_MIGRATION),),
        monitoring=PROMETHEUS,
        zones_required=args.tier.zones_required,
        protect=args.tier.protect_data,
    )


def _replication(pair: Replication, own: BackupTarget) -> ReplicationArgs:
    """The other region's bucket is entered with the same credentials as this one's."""
    target = replace(own, bucket=pair.bucket, endpoint=pair.endpoint, flow=INTERNET_HTTPS)
    return ReplicationArgs(local=pair.local, other=pair.other, primary=pair.primary, target=target, token=pair.token)


def _backup(tier: DatabaseTier, target: BackupTarget) -> BackupArgs:
    # A compressed dump has neither indexes nor dead rows: half of the data's volume holds it with room to spare.
    return BackupArgs(target=target, retention_days=tier.retention_days, dump_space=(tier.storage * 0.5).rounded("Gi"))


def cache(args: SystemArgs, scope: Scope, services: Sequence[Service], secrets: Mapping[str, Credential]) -> CacheArgs:
    """Redis, in a cluster named as in section 2.2."""
    tier = args.tier.cache
    return CacheArgs(
        scope=scope,
        kind=tier.kind,
        name="redis-cluster" if tier.kind == "cluster" else "redis",
        secret_name="redis-secret",
        password=secrets["REDIS_ADMIN_PASSWORD"],
        application_user=_CACHE_USER,
        application_password=secrets["REDIS_PASSWORD"],
        store=args.store,
        shards=tier.shards,
        resources=_resources(tier),
        storage=tier.storage,
        storage_class=args.tier.storage_class,
        tls=tier.tls,
        zones=args.tier.zones if args.tier.zones_required else None,
        clients=clients(scope, services, "cache"),
        monitoring=PROMETHEUS,
    )


def cache_provider(args: CacheArgs) -> Provider:
    """Redis, for the services that use it: its pods, and with TLS the authority by which they know it."""
    authority = {"REDIS_CA_CERTIFICATE": SecretKey(secret=args.tls_secret_name, key="ca.crt")} if args.tls else {}
    return Provider(flows=pods_at(args.pods, CACHE_PORT), secrets=authority)


def cache_settings(args: CacheArgs) -> dict[str, str]:
    """What a client of Redis has to know. Section 2.1 has host and port."""
    return {
        "REDIS_HOST": args.host,
        "REDIS_PORT": str(CACHE_PORT),
        "REDIS_USER": args.application_user,
        # A cluster's client follows a key to its shard; one of a single server does not know how.
        "REDIS_CLUSTER": str(args.kind == "cluster").lower(),
        "REDIS_TLS": str(args.tls).lower(),
    }


def migration(args: SystemArgs, database: DatabaseArgs, version: str) -> ScriptJobArgs:
    """The schema of a release, section 7.2: the tenants table and its migrations are the tenant service's."""
    image = f"{args.registry}/{_SCHEMA_OWNER}:{version}"
    return migration_args(database, name=_MIGRATION, image=image, version=version, config=_ALEMBIC_CONFIG)


def _resources(tier: DatabaseTier | CacheTier) -> ContainerResources:
    return ContainerResources(
        cpu_request=tier.cpu_request,
        cpu_limit=tier.cpu_limit,
        memory_request=tier.memory_request,
        memory_limit=tier.memory_limit,
    )
