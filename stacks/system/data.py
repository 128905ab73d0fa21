"""The data tier of a system: its PostgreSQL and Redis. Its object storage is in `files.py`.

The names are those of the AstrBot document, section 2.2, for every system: one name finds them in every namespace.
"""

from __future__ import annotations

from dataclasses import replace

from components.kubernetes.footprint import ContainerResources
from components.kubernetes.network import INTERNET_HTTPS
from components.platform.credentials import Credential
from components.stores.postgres.args import PORT as DATABASE_PORT
from components.stores.postgres.args import (
    BackupArgs,
    BackupTarget,
    DatabaseArgs,
    Login,
    PoolerArgs,
    Recovery,
    ReplicationArgs,
)
from components.stores.postgres.migration import migration_args
from components.stores.redis.args import PORT as CACHE_PORT
from components.stores.redis.args import CacheArgs
from components.workload.args import SecretKey
from components.workload.job import ScriptJobArgs
from stacks.schema.database import Replication
from stacks.schema.tiers import CacheTier, DatabaseTier
from stacks.system.credentials import CACHE_ADMINISTRATOR
from stacks.system.declaration import CACHE_CREDENTIAL, CacheNeed, DatabaseNeed, fitted
from stacks.system.flows import PROMETHEUS, Provider, clients, pods_at
from stacks.system.names import POSTGRES, REDIS, REDIS_CLUSTER, migration_name
from stacks.system.system_context import SystemContext


def databases(
    system: SystemContext, need: DatabaseNeed, *, passwords: tuple[Credential, Credential], backups: BackupTarget
) -> list[DatabaseArgs]:
    """PostgreSQL, and what was restored from its backups beside it."""
    state = system.config.database
    recoveries = {one.name: Recovery(source=one.source, to=one.to) for one in state.restored}
    original = _database(system, need, passwords=passwords, backups=backups)
    return [
        replace(original, cluster_name=name, recovery=recoveries.get(name), alerts=name == state.active)
        for name in state.clusters
    ]


def _database(
    system: SystemContext, need: DatabaseNeed, *, passwords: tuple[Credential, Credential], backups: BackupTarget
) -> DatabaseArgs:
    args, scope, state = system.args, system.scope, system.config.database
    tier = fitted(need.figures, args.tier, args.tier.database)
    backup = _backup(tier, backups)
    return DatabaseArgs(
        scope=scope,
        cluster_name=POSTGRES,
        database=need.name,
        # The AstrBot document, section 6.1, names the Secret.
        logins=(
            Login(user=need.user, secret_name="postgresql-secret", password=passwords[0]),
            Login(user=f"{need.user}_b", secret_name="postgresql-secret-b", password=passwords[1]),
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
        clients=clients(scope, system.everyone, "database"),
        direct_clients=[scope.selector(name) for name in _direct_clients(scope.system, need)],
        monitoring=PROMETHEUS,
        zones_required=args.tier.zones_required,
        protect=args.tier.protect_data,
    )


def _direct_clients(system: str, need: DatabaseNeed) -> list[str]:
    return [*([migration_name(system)] if need.schema_owner else []), *need.direct_clients]


def _replication(pair: Replication, own: BackupTarget) -> ReplicationArgs:
    """The other region's bucket is entered with the same credentials as this one's."""
    target = replace(own, bucket=pair.bucket, endpoint=pair.endpoint, flow=INTERNET_HTTPS)
    return ReplicationArgs(local=pair.local, other=pair.other, primary=pair.primary, target=target, token=pair.token)


def _backup(tier: DatabaseTier, target: BackupTarget) -> BackupArgs:
    # A compressed dump has neither indexes nor dead rows: half of the data's volume holds it with room to spare.
    return BackupArgs(target=target, retention_days=tier.retention_days, dump_space=(tier.storage * 0.5).rounded("Gi"))


def database_provider(need: DatabaseNeed, args: DatabaseArgs, secret: str) -> Provider:
    """PostgreSQL, for the services that use it: the pooler's pods, and the password in the system's `secret`."""
    password = {need.password: SecretKey(secret=secret, key=need.password)}
    return Provider(flows=pods_at(args.pods, DATABASE_PORT), secrets=password)


def database_settings(need: DatabaseNeed, args: DatabaseArgs) -> dict[str, str]:
    """What a client of PostgreSQL has to know, as the AstrBot document names it (section 2.1)."""
    prefix = need.prefix
    return {
        f"{prefix}_HOST": args.host,
        f"{prefix}_READ_HOST": args.read_host,
        f"{prefix}_PORT": str(DATABASE_PORT),
        f"{prefix}_NAME": args.database,
        f"{prefix}_USER": args.login.user,
        # Both the pooler and the server turn away what is not encrypted.
        f"{prefix}_SSLMODE": "require",
    }


def cache(system: SystemContext, need: CacheNeed) -> CacheArgs:
    """Redis, a single server or a cluster as the tier says."""
    args, scope, credentials = system.args, system.scope, system.credentials
    tier = fitted(need.figures, args.tier, args.tier.cache)
    if need.databases > 1:
        tier = tier.model_copy(update={"kind": "single", "shards": 1})
    return CacheArgs(
        scope=scope,
        kind=tier.kind,
        name=REDIS_CLUSTER if tier.kind == "cluster" else REDIS,
        secret_name="redis-secret",
        password=credentials[CACHE_ADMINISTRATOR],
        application_user=need.user,
        application_password=credentials[CACHE_CREDENTIAL],
        store=args.store,
        shards=tier.shards,
        resources=_resources(tier),
        storage=tier.storage,
        storage_class=args.tier.storage_class,
        tls=tier.tls,
        zones=args.tier.zones if args.tier.zones_required else None,
        clients=clients(scope, system.everyone, "cache"),
        monitoring=PROMETHEUS,
    )


def cache_provider(need: CacheNeed, args: CacheArgs, secret: str) -> Provider:
    """Redis, for the services that use it: its pods, the password in the system's `secret`, and with TLS the authority
    by which they know it."""
    authority = {"REDIS_CA_CERTIFICATE": SecretKey(secret=args.tls_secret_name, key="ca.crt")} if args.tls else {}
    password = {need.password: SecretKey(secret=secret, key=need.password)}
    return Provider(flows=pods_at(args.pods, CACHE_PORT), secrets={**password, **authority})


def cache_settings(args: CacheArgs) -> dict[str, str]:
    """What a client of Redis has to know. The AstrBot document, section 2.1, has host and port."""
    return {
        "REDIS_HOST": args.host,
        "REDIS_PORT": str(CACHE_PORT),
        "REDIS_USER": args.application_user,
        # A cluster's client follows a key to its shard; one of a single server does not know how.
        "REDIS_CLUSTER": str(args.kind == "cluster").lower(),
        "REDIS_TLS": str(args.tls).lower(),
    }


def migration(system: SystemContext, need: DatabaseNeed, database: DatabaseArgs) -> ScriptJobArgs | None:
    """The schema of a release, brought by the image of the service that owns it."""
    if not need.schema_owner or not database.writes:
        return None
    return migration_args(
        database,
        name=migration_name(database.scope.system),
        image=f"{system.args.registry}/{need.schema_owner}:{system.version}",
        version=system.version,
        config=need.alembic_config,
    )


def _resources(tier: DatabaseTier | CacheTier) -> ContainerResources:
    return ContainerResources(
        cpu_request=tier.cpu_request,
        cpu_limit=tier.cpu_limit,
        memory_request=tier.memory_request,
        memory_limit=tier.memory_limit,
    )
