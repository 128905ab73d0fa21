"""The data tier of the platform: PostgreSQL and Redis of section 2.2, MinIO of section 1.2."""

from __future__ import annotations

from collections.abc import Sequence

from components.cache import CacheArgs
from components.credentials import Credential
from components.database import DatabaseArgs
from components.footprint import ContainerResources
from components.naming import Scope
from components.object_storage import ObjectStorageArgs
from stacks.composition import PROMETHEUS, clients
from stacks.services import Service
from stacks.systems.base import SystemArgs
from stacks.tiers import CacheTier, DatabaseTier

DATABASE = "saas_platform"
_OWNER = "saas_platform"
_POSTGRESQL_PARAMETERS = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "maintenance_work_mem": "64MB",
    "checkpoint_completion_target": "0.9",
    "wal_buffers": "16MB",
    "default_statistics_target": "100",
    "random_page_cost": "1.1",
    "effective_io_concurrency": "200",
}
# The document gives none; MinIO's own minimum for production is two cores and 2 GiB.
_OBJECT_STORAGE_RESOURCES = ContainerResources.of("250m", "2", "512Mi", "2Gi")


def database(args: SystemArgs, scope: Scope, services: Sequence[Service], password: Credential) -> DatabaseArgs:
    """PostgreSQL, named as in section 2.2; its Secret as in section 6.1."""
    tier = args.tier.database
    return DatabaseArgs(
        scope=scope,
        cluster_name="postgresql-cluster",
        database=DATABASE,
        owner=_OWNER,
        secret_name="postgresql-secret",
        password=password,
        store=args.store,
        instances=tier.instances,
        resources=_resources(tier),
        storage=tier.storage,
        storage_class=args.tier.storage_class,
        parameters=_POSTGRESQL_PARAMETERS,
        clients=clients(scope, services, "database"),
        monitoring=PROMETHEUS,
        zones_required=args.tier.zones_required,
        protect=args.tier.protect_data,
    )


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
        name="minio",
        secret_name="minio-secret",
        access_key=access_key,
        secret_key=secret_key,
        store=args.store,
        servers=tier.servers,
        resources=_OBJECT_STORAGE_RESOURCES,
        storage=tier.storage,
        storage_class=args.tier.storage_class,
        clients=clients(scope, services, "object_storage"),
        protect=args.tier.protect_data,
        monitoring=PROMETHEUS,
    )


def _resources(tier: DatabaseTier | CacheTier) -> ContainerResources:
    return ContainerResources(
        cpu_request=tier.cpu_request,
        cpu_limit=tier.cpu_limit,
        memory_request=tier.memory_request,
        memory_limit=tier.memory_limit,
    )
