"""The data tier of the platform: PostgreSQL and Redis of section 2.2, MinIO of section 1.2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from components.buckets import Bucket, BucketsArgs, BucketUser
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
from components.network import INTERNET_HTTPS, Flow, Peer
from components.object_storage import PORT as OBJECT_STORAGE_PORT
from components.object_storage import ObjectStorageArgs
from components.script_job import ScriptJobArgs
from stacks.composition import PROMETHEUS, clients
from stacks.databases import DatabaseState, Replication
from stacks.services import Service
from stacks.systems.base import SystemArgs
from stacks.tiers import CacheTier, DatabaseTier

ORIGINAL_CLUSTER = "postgresql-cluster"
DATABASE = "saas_platform"
_OWNER = "saas_platform"
OBJECT_STORAGE = "minio"
# Section 6.1 names the bucket.
BACKUP_BUCKET = "saas-platform-backups"
_BACKUP_SECRET = "postgresql-backup-secret"
_BUCKETS = "minio-buckets"
_MIGRATION = "astrbot-migration"
_SCHEMA_OWNER = "tenant-service"
# Section 7.2 has the migrations in database/migrations of the service; its image has them below /app.
_ALEMBIC_CONFIG = "/app/database/alembic.ini"
# The document gives none; MinIO's own minimum for production is two cores and 2 GiB.
_OBJECT_STORAGE_RESOURCES = ContainerResources.of("250m", "2", "512Mi", "2Gi")


def databases(
    state: DatabaseState,
    args: SystemArgs,
    scope: Scope,
    services: Sequence[Service],
    passwords: tuple[Credential, Credential],
) -> list[DatabaseArgs]:
    """PostgreSQL, named as in section 2.2, and what was restored from its backups beside it."""
    recoveries = {one.name: Recovery(source=one.source, to=one.to) for one in state.restored}
    original = _database(state, args, scope, services, passwords)
    return [
        replace(original, cluster_name=name, recovery=recoveries.get(name), alerts=name == state.active)
        for name in state.clusters
    ]


def _database(
    state: DatabaseState,
    args: SystemArgs,
    scope: Scope,
    services: Sequence[Service],
    passwords: tuple[Credential, Credential],
) -> DatabaseArgs:
    tier = args.tier.database
    backup = _backup(tier, scope)
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


def _backup(tier: DatabaseTier, scope: Scope) -> BackupArgs:
    """To the platform's own MinIO, under a user that may use that bucket only."""
    target = BackupTarget(
        bucket=BACKUP_BUCKET,
        endpoint=f"http://{scope.host(OBJECT_STORAGE)}:{OBJECT_STORAGE_PORT}",
        secret_name=_BACKUP_SECRET,
        flow=Flow(peer=Peer(pods=scope.selector(OBJECT_STORAGE)), ports=(OBJECT_STORAGE_PORT,)),
    )
    # A compressed dump has neither indexes nor dead rows: half of the data's volume holds it with room to spare.
    return BackupArgs(target=target, retention_days=tier.retention_days, dump_space=(tier.storage * 0.5).rounded("Gi"))


def cache(args: SystemArgs, scope: Scope, services: Sequence[Service], password: Credential) -> CacheArgs:
    """Redis, named as in section 2.2."""
    tier = args.tier.cache
    return CacheArgs(
        scope=scope,
        cluster_name="redis-cluster",
        secret_name="redis-secret",
        password=password,
        store=args.store,
        shards=tier.shards,
        resources=_resources(tier),
        storage=tier.storage,
        storage_class=args.tier.storage_class,
        clients=clients(scope, services, "cache"),
        monitoring=PROMETHEUS,
    )


def object_storage(
    args: SystemArgs,
    scope: Scope,
    services: Sequence[Service],
    secrets: Mapping[str, Credential],
    clusters: Sequence[str],
) -> ObjectStorageArgs:
    """MinIO for the instances' files and the backups of the database's `clusters`."""
    tier = args.tier.object_storage
    return ObjectStorageArgs(
        scope=scope,
        name=OBJECT_STORAGE,
        secret_name="minio-secret",
        access_key=secrets["MINIO_ACCESS_KEY"],
        secret_key=secrets["MINIO_SECRET_KEY"],
        store=args.store,
        servers=tier.servers,
        resources=_OBJECT_STORAGE_RESOURCES,
        storage=tier.storage,
        storage_class=args.tier.storage_class,
        protect=args.tier.protect_data,
        clients=(*clients(scope, services, "object_storage"), *_storage_pods(scope, clusters)),
        monitoring=PROMETHEUS,
    )


def buckets(args: SystemArgs, scope: Scope, secrets: Mapping[str, Credential]) -> BucketsArgs:
    """The bucket of the instances' files, which they enter as the root user, and that of the backups."""
    backups = BucketUser(access_key="barman", secret_key=secrets["BACKUP_SECRET_KEY"], secret_name=_BACKUP_SECRET)
    return BucketsArgs(
        scope=scope,
        name=_BUCKETS,
        buckets=(Bucket(name="astrbot-files"), Bucket(name=BACKUP_BUCKET, user=backups)),
        endpoint=f"http://{scope.host(OBJECT_STORAGE)}:{OBJECT_STORAGE_PORT}",
        root_secret="minio-secret",
        flow=Flow(peer=Peer(pods=scope.selector(OBJECT_STORAGE)), ports=(OBJECT_STORAGE_PORT,)),
        store=args.store,
    )


def migration(args: SystemArgs, database: DatabaseArgs, version: str) -> ScriptJobArgs:
    """The schema of a release, section 7.2: the tenants table and its migrations are the tenant service's."""
    image = f"{args.registry}/{_SCHEMA_OWNER}:{version}"
    return migration_args(database, name=_MIGRATION, image=image, version=version, config=_ALEMBIC_CONFIG)


def _storage_pods(scope: Scope, clusters: Sequence[str]) -> tuple[dict[str, str], ...]:
    """Those of the data tier that use the object storage: the databases, their dump, and what makes the buckets."""
    pods = tuple({"cnpg.io/cluster": name} for name in clusters)
    return (*pods, scope.selector("postgresql-backup"), scope.selector(_BUCKETS))


def _resources(tier: DatabaseTier | CacheTier) -> ContainerResources:
    return ContainerResources(
        cpu_request=tier.cpu_request,
        cpu_limit=tier.cpu_limit,
        memory_request=tier.memory_request,
        memory_limit=tier.memory_limit,
    )
