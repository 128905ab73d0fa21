"""The data tier of the platform: PostgreSQL and Redis of section 2.2, MinIO of section 1.2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from components.buckets import Bucket, BucketsArgs, BucketUser
from components.cache import CacheArgs
from components.credentials import Credential
from components.database import BackupArgs, BackupTarget, DatabaseArgs, PoolerArgs
from components.database.migration import migration_args
from components.footprint import ContainerResources
from components.naming import Scope
from components.network import Flow, Peer
from components.object_storage import PORT as OBJECT_STORAGE_PORT
from components.object_storage import ObjectStorageArgs
from components.script_job import ScriptJobArgs
from stacks.composition import PROMETHEUS, clients
from stacks.services import Service
from stacks.systems.base import SystemArgs
from stacks.tiers import CacheTier, DatabaseTier

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


def database(
    args: SystemArgs, scope: Scope, services: Sequence[Service], secrets: Mapping[str, Credential]
) -> DatabaseArgs:
    """PostgreSQL, named as in section 2.2; its Secret as in section 6.1."""
    tier = args.tier.database
    return DatabaseArgs(
        scope=scope,
        cluster_name="postgresql-cluster",
        database=DATABASE,
        owner=_OWNER,
        secret_name="postgresql-secret",
        password=secrets["DB_PASSWORD"],
        second_password=secrets["DB_PASSWORD_B"],
        store=args.store,
        instances=tier.instances,
        resources=_resources(tier),
        storage=tier.storage,
        wal_storage=tier.wal_storage,
        storage_class=args.tier.storage_class,
        parameters=tier.parameters,
        pooler=PoolerArgs(instances=tier.poolers),
        backup=_backup(tier, scope),
        clients=clients(scope, services, "database"),
        direct_clients=(scope.selector(_MIGRATION),),
        monitoring=PROMETHEUS,
        zones_required=args.tier.zones_required,
        protect=args.tier.protect_data,
    )


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
    args: SystemArgs, scope: Scope, services: Sequence[Service], access_key: Credential, secret_key: Credential
) -> ObjectStorageArgs:
    """MinIO for the instances' files."""
    tier = args.tier.object_storage
    return ObjectStorageArgs(
        scope=scope,
        name=OBJECT_STORAGE,
        secret_name="minio-secret",
        access_key=access_key,
        secret_key=secret_key,
        store=args.store,
        servers=tier.servers,
        resources=_OBJECT_STORAGE_RESOURCES,
        storage=tier.storage,
        storage_class=args.tier.storage_class,
        protect=args.tier.protect_data,
        clients=(*clients(scope, services, "object_storage"), *_storage_pods(scope)),
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


def _storage_pods(scope: Scope) -> tuple[dict[str, str], ...]:
    """Those of the data tier that use the object storage: the database, its dump, and what makes the buckets."""
    database = {"cnpg.io/cluster": "postgresql-cluster"}
    return database, scope.selector("postgresql-backup"), scope.selector(_BUCKETS)


def _resources(tier: DatabaseTier | CacheTier) -> ContainerResources:
    return ContainerResources(
        cpu_request=tier.cpu_request,
        cpu_limit=tier.cpu_limit,
        memory_request=tier.memory_request,
        memory_limit=tier.memory_limit,
    )
