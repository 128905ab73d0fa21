"""The names that a system's own objects have in its namespace, so that no service takes one of them."""

from __future__ import annotations

from collections.abc import Iterator

from stacks.system.declaration import Declaration

# The document of the first system names the clusters so (AstrBot, section 2.2); one name for all finds them everywhere.
POSTGRES = "postgresql-cluster"
REDIS_CLUSTER = "redis-cluster"
REDIS = "redis"
MINIO = "minio"
BUCKETS = "minio-buckets"
_BACKUP = "postgresql-backup"


def migration_name(system: str) -> str:
    """The Job that brings the database to a release's schema."""
    return f"{system}-migration"


def object_names(declaration: Declaration) -> list[str]:
    """What else of the namespace has a Service, a pod or a network policy by its name."""
    names = ["allow-dns", "default-deny", "alloy-reads-logs"]
    names += [f"{service.name}-headless" for service in declaration.everyone if service.kind == "stateful"]
    if declaration.keeps_objects:
        names += [MINIO, f"{MINIO}-headless", BUCKETS]
    if declaration.database:
        names += [f"{POSTGRES}{suffix}" for suffix in ("", "-rw", "-ro", "-r", "-pooler-rw", "-pooler-ro")]
        names += [_BACKUP, migration_name(declaration.name), *declaration.database.direct_clients]
    if declaration.cache:
        names += [*_redis(REDIS_CLUSTER, "", "-leader", "-follower", "-master"), *_redis(REDIS, "")]
    return names


def _redis(name: str, *roles: str) -> Iterator[str]:
    """The Services that the Redis operator makes of a custom resource."""
    return (f"{name}{role}{suffix}" for role in roles for suffix in ("", "-headless", "-additional", "-metrics"))
