"""What a system needs, as data. From it and an environment's figures come all of the system's components."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from components.kubernetes.naming import Scope
from components.monitoring.rules import Objective, RuleSet
from components.stores.buckets.buckets import BucketAccess
from components.stores.postgres.args import DatabaseArgs
from components.stores.redis.args import CacheArgs
from stacks.schema.service.service import Service
from stacks.schema.types import Bytes, Cpu
from stacks.system.environment_context import EnvironmentContext

if TYPE_CHECKING:
    import pulumi

    from components.monitoring.dashboards import Board
    from components.workload.job import ScriptJobArgs
    from stacks.schema.tiers import CacheTier, DatabaseTier, Tier

_Store = TypeVar("_Store", "DatabaseTier", "CacheTier")
_Quantity = TypeVar("_Quantity", Cpu, Bytes)


@dataclass(frozen=True, kw_only=True)
class StoreFigures:
    """CPU and memory that each pod requests, and its volume; None leaves that to the tier."""

    cpu_request: Cpu | None = None
    memory_request: Bytes | None = None
    storage: Bytes | None = None


def fitted(figures: StoreFigures, tier: Tier, store: _Store) -> _Store:
    """The tier's `store` with the figures as the least that it gets, in the tiers of full size.

    What the environment sets higher stays; a request never exceeds its limit.
    """
    if not tier.full_size:
        return store
    update: dict[str, Any] = {
        "cpu_request": min(_larger(store.cpu_request, figures.cpu_request), store.cpu_limit),
        "memory_request": min(_larger(store.memory_request, figures.memory_request), store.memory_limit),
        "storage": _larger(store.storage, figures.storage),
    }
    return store.model_copy(update=update)


def _larger(own: _Quantity, declared: _Quantity | None) -> _Quantity:
    return own if declared is None else max(own, declared)


# The capabilities' keys in a system's Secret, and the credential behind each.
DATABASE_CREDENTIALS = ("postgresql-password", "postgresql-password-b")
CACHE_CREDENTIAL = "redis-password"
FILES_CREDENTIALS = {"MINIO_ACCESS_KEY": "minio-access-key", "MINIO_SECRET_KEY": "minio-secret-key"}


@dataclass(frozen=True, kw_only=True)
class DatabaseNeed:
    """PostgreSQL with one database.

    `user` owns it, and `user_b` is the second one, whose password takes turns with the first. Services find what they
    have to know in environment variables that begin with `prefix`, such as DB_HOST and DB_PASSWORD. `schema_owner` is
    the service whose image has the migrations (at `alembic_config`); None where the application makes its own schema.
    `direct_clients` are jobs of the system that connect to the primary itself. `backup_bucket` is the bucket of MinIO
    for its backups (default: NAME-backups, after the system). `figures` are the least that each instance gets in the
    tiers of full size.
    """

    name: str
    user: str
    prefix: str = "DB"
    backup_bucket: str | None = None
    schema_owner: str | None = None
    alembic_config: str = "/app/alembic.ini"
    direct_clients: Sequence[str] = ()
    figures: StoreFigures = field(default_factory=StoreFigures)

    @property
    def password(self) -> str:
        """The environment variable with the password in use, which is the key of the system's Secret too."""
        return f"{self.prefix}_PASSWORD"


@dataclass(frozen=True, kw_only=True)
class CacheNeed:
    """Redis, for the one `user` of the application; services find its password in REDIS_PASSWORD.

    With several `databases` (numbered from 0) it is a single server in every tier: a cluster has one. `figures` are the
    least that each pod gets in the tiers of full size.
    """

    user: str
    databases: int = 1
    figures: StoreFigures = field(default_factory=StoreFigures)

    @property
    def password(self) -> str:
        """The environment variable with the password, which is the key of the system's Secret too."""
        return "REDIS_PASSWORD"


@dataclass(frozen=True, kw_only=True)
class FilesNeed:
    """A bucket for the application's files, where the environment does not name one of its own."""

    bucket: str


@dataclass(frozen=True, kw_only=True)
class Route:
    """A way in from outside: `path` (a prefix) of HOST.DOMAIN leads to the port `http` of a service."""

    host: str
    service: str
    path: str = "/"


@dataclass(frozen=True, kw_only=True)
class AlertHook:
    """The service that Alertmanager tells of these `alerts` (by name) at once, and the path there."""

    service: str
    path: str
    alerts: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class ResolvedSystem:
    """What a system's settings and extra objects may speak of: the environment, and the stores that it has."""

    args: EnvironmentContext
    scope: Scope
    database: DatabaseArgs | None = None
    cache: CacheArgs | None = None
    files: BucketAccess | None = None


def no_settings(resolved: ResolvedSystem) -> Mapping[str, str]:
    """None beside those of the stores."""
    return {}


def no_jobs(resolved: ResolvedSystem) -> Sequence[ScriptJobArgs]:
    """None beside those of the stores."""
    return ()


def board_of(package: str) -> Callable[[], Sequence[Board]]:
    """The dashboard `BOARD` of the module `board` of a system's package.

    It is loaded only where dashboards are shown: most environments of a person's own have no Grafana.
    """
    return lambda: (import_module(f"{package}.board").BOARD,)


def no_boards() -> Sequence[Board]:
    """No dashboard of its own."""
    return ()


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """A system. `name` is its namespace and the label `platform.io/system` of all its objects; `title` is for people.

    `services` are its applications, and `tenant_service` one that runs once for each tenant. `secrets` are keys of its
    Secret that the stores do not add, with the credential behind each. `settings` is its ConfigMap, beside what the
    stores add. `requests_per_minute` limits each client address at its routes. `rules` are its alerts, `objective` its
    service level, `boards` the dashboards of its business. `jobs` run once all its services are there. `extras`
    registers what no capability covers.
    """

    name: str
    title: str
    version: str
    services: Sequence[Service]
    tenant_service: Service | None = None
    routes: Sequence[Route] = ()
    database: DatabaseNeed | None = None
    cache: CacheNeed | None = None
    files: FilesNeed | None = None
    secrets: Mapping[str, str] = field(default_factory=dict)
    settings: Callable[[ResolvedSystem], Mapping[str, str]] = no_settings
    config_map: str | None = None
    secret: str | None = None
    tls_secret: str | None = None
    requests_per_minute: int | None = None
    alert_hook: AlertHook | None = None
    rules: RuleSet | None = None
    objective: Objective = field(default_factory=Objective)
    boards: Callable[[], Sequence[Board]] = no_boards
    jobs: Callable[[ResolvedSystem], Sequence[ScriptJobArgs]] = no_jobs
    extras: Callable[[ResolvedSystem, pulumi.ResourceOptions], None] | None = None

    @property
    def type_name(self) -> str:
        """Its title as one word, such as FederatedRisk: the name of its component's type."""
        words = "".join(letter if letter.isalnum() else " " for letter in self.title).split()
        return "".join(word[0].upper() + word[1:] for word in words)

    @property
    def config_map_name(self) -> str:
        """The name of its ConfigMap."""
        return self.config_map or f"{self.name}-config"

    @property
    def secret_name(self) -> str:
        """The name of its Secret."""
        return self.secret or f"{self.name}-secrets"

    @property
    def everyone(self) -> Sequence[Service]:
        """All its services, that of its tenants too."""
        return (*self.services, *((self.tenant_service,) if self.tenant_service else ()))

    @property
    def keeps_objects(self) -> bool:
        """Whether it needs object storage: for files, or for the backups of its database."""
        return self.files is not None or self.database is not None

    def secret_keys(self) -> dict[str, str]:
        """The keys of its Secret, and the credential behind each."""
        keys: dict[str, str] = {}
        if self.database:
            keys[self.database.password] = DATABASE_CREDENTIALS[0]
        if self.cache:
            keys[self.cache.password] = CACHE_CREDENTIAL
        return {**keys, **self.secrets, **(FILES_CREDENTIALS if self.files else {})}
