"""The components of the platform as data: section 1.1 (replicas, CPU, memory) and 1.2 (who calls whom).

The document's list has six rows. The seventh component, `astrbot-manager`, receives the alerts of section 4.2, which
gives no figures: it has those of the tenant service, with one replica, since two would restart the same instance.
"""

from __future__ import annotations

from collections.abc import Collection

from stacks.object_storage import S3, Minio
from stacks.services import Service
from stacks.types import Bytes, Cpu

GATEWAY = "api-gateway"
INSTANCE = "astrbot-instance"
MANAGER = "astrbot-manager"

_LARGE = {"cpu": "2", "memory": "4Gi"}
_SMALL = {"cpu": "1", "memory": "2Gi"}

# What healing and scaling an instance takes, and nothing else of the namespace.
_MANAGE_INSTANCES = (
    {"api_groups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list", "watch", "patch"]},
    {"api_groups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]},
)

SERVICES: tuple[Service, ...] = tuple(
    Service.model_validate(service)
    for service in (
        {
            "name": GATEWAY,
            "replicas": 3,
            **_LARGE,
            "calls": ["tenant-service", "session-service", "message-service", "auth-service"],
            "secrets": ["JWT_SECRET"],
        },
        {
            "name": "tenant-service",
            "replicas": 2,
            **_SMALL,
            "calls": [INSTANCE, MANAGER],
            # The tenants table of section 7.2 is this service's.
            "uses": ["database"],
            "secrets": ["DB_PASSWORD"],
        },
        {"name": "session-service", "replicas": 3, **_LARGE, "uses": ["database"], "secrets": ["DB_PASSWORD"]},
        {"name": "message-service", "replicas": 3, **_LARGE, "uses": ["cache"], "secrets": ["REDIS_PASSWORD"]},
        {"name": "auth-service", "replicas": 2, **_SMALL, "secrets": ["JWT_SECRET"]},
        {
            "name": MANAGER,
            "replicas": 1,
            **_SMALL,
            "uses": ["kubernetes_api"],
            "rules": _MANAGE_INSTANCES,
            "autoscaled": False,
            "single_replica_reason": "Two would restart the same instance.",
        },
    )
)

SERVICE_NAMES = (*(service.name for service in SERVICES), INSTANCE)


def _redis_names(name: str, roles: tuple[str, ...]) -> list[str]:
    """The Services that the Redis operator makes of a custom resource."""
    return [f"{name}{role}{suffix}" for role in roles for suffix in ("", "-headless", "-additional", "-metrics")]


# What else of the namespace has a Service, a pod or a network policy by its name.
OBJECT_NAMES = (
    *("minio", "minio-headless", "allow-dns", "default-deny"),
    *(f"postgresql-cluster{suffix}" for suffix in ("", "-rw", "-ro", "-r", "-pooler-rw", "-pooler-ro")),
    *("postgresql-backup", "minio-buckets", "astrbot-migration", "alloy-reads-logs"),
    *_redis_names("redis-cluster", ("", "-leader", "-follower", "-master")),
    *_redis_names("redis", ("",)),
)

# Keys of the Secret `saas-platform-secrets`, section 2.1, and the credential behind each.
SECRET_KEYS = {
    "DB_PASSWORD": "postgresql-password",
    "REDIS_PASSWORD": "redis-password",
    "JWT_SECRET": "jwt-secret",
    "LLM_API_KEY": "llm-api-key",
    "MINIO_ACCESS_KEY": "minio-access-key",
    "MINIO_SECRET_KEY": "minio-secret-key",
}

# The passwords of the database's two users; services have that of the one in use as DB_PASSWORD.
DATABASE_PASSWORDS = ("postgresql-password", "postgresql-password-b")
# Credentials that no service sees: Redis' and MinIO's own masters, and those of the backups.
DATA_SECRET_KEYS = {
    "REDIS_ADMIN_PASSWORD": "redis-admin-password",
    "MINIO_ROOT_PASSWORD": "minio-root-password",
    "BACKUP_ACCESS_KEY": "postgresql-backup-access-key",
    "BACKUP_SECRET_KEY": "postgresql-backup-secret-key",
}
# An IAM role stands in for these.
_FILES_KEYS = ("MINIO_ACCESS_KEY", "MINIO_SECRET_KEY")
_BACKUP_KEYS = ("BACKUP_ACCESS_KEY", "BACKUP_SECRET_KEY")


def unused_keys(storage: Minio | S3, backups_by_role: bool = False) -> set[str]:
    """The credentials that nobody needs with this object storage, or with backups that go to the cluster's bucket."""
    if isinstance(storage, Minio):
        # The name of the backups' user is no secret.
        return {"BACKUP_ACCESS_KEY", "BACKUP_SECRET_KEY"} if backups_by_role else {"BACKUP_ACCESS_KEY"}
    files = _FILES_KEYS if storage.files.role_arn else ()
    backups = _BACKUP_KEYS if storage.backups.role_arn else ()
    return {"MINIO_ROOT_PASSWORD", *files, *backups}


def instance_service(unused: Collection[str] = ()) -> Service:
    """A tenant's chat-bot instance: files in object storage, and answers from a language model on the internet."""
    return Service(
        name=INSTANCE,
        replicas=1,
        cpu=Cpu.parse(_SMALL["cpu"]),
        memory=Bytes.parse(_SMALL["memory"]),
        uses=("object_storage", "internet"),
        secrets=tuple(key for key in ("LLM_API_KEY", *_FILES_KEYS) if key not in unused),
        autoscaled=False,
        priority="default",
        single_replica_reason="One pod a tenant: section 1.1 of the document.",
    )
