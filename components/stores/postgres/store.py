"""PostgreSQL as a store of a system: all clusters that are to be there, the dump, and the schema of a release.

The names are those of the AstrBot document, section 2.2, for every system: one name finds them in every namespace.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import pulumi

from components.kubernetes.footprint import ContainerResources, Footprint
from components.kubernetes.naming import Scope
from components.kubernetes.needs import NEEDS
from components.kubernetes.quantity import Bytes
from components.platform.credentials import Credential
from components.stores.backups import BackupBucket, BackupTarget
from components.stores.base import (
    Provider,
    Site,
    Store,
    StoreContext,
    StoreFigures,
    StorePlan,
    StoreSettings,
    pods_at,
)
from components.stores.buckets.store import Files, FilesPlan
from components.stores.facts import StoreFacts
from components.stores.postgres.args import (
    DUMP_NAME,
    PORT,
    WATCHED,
    BackupArgs,
    DatabaseArgs,
    Login,
    PoolerArgs,
    Recovery,
    ReplicationArgs,
)
from components.stores.postgres.backup import dump_args
from components.stores.postgres.facts import FACTS
from components.stores.postgres.inputs import DatabaseFigures, DatabaseState, Pair
from components.stores.postgres.migration import migration_args
from components.workload.args import SecretKey
from components.workload.job import ScriptJob, ScriptJobArgs

_CLUSTER = "postgresql-cluster"
# The password in use, and those of both users, of which it is one.
_PASSWORD, _FIRST, _SECOND = "postgresql-password", "first", "second"
_USERS = (_PASSWORD, "postgresql-password-b")


def migration_name(system: str) -> str:
    """The Job that brings the database to a release's schema."""
    return f"{system}-migration"


@dataclass(frozen=True, kw_only=True)
class Postgres(Store):
    """PostgreSQL with one database.

    `user` owns it, and `user_b` is the second one, whose password takes turns with the first. Services find what they
    have to know in environment variables that begin with `prefix`, such as DB_HOST and DB_PASSWORD. `schema_owner` is
    the service whose image has the migrations (at `alembic_config`); None where the application makes its own schema.
    `direct_clients` are jobs of the system that connect to the primary itself. `backup_bucket` is the bucket of MinIO
    for its backups (default: NAME-backups, after the system). `figures` are the least that each instance gets in the
    tiers of full size.
    """

    facts: ClassVar[StoreFacts] = FACTS

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

    def brings(self) -> Sequence[Store]:
        """Object storage, for its backups."""
        return (Files(),)

    def backups(self, scope: Scope, value: Any) -> Sequence[BackupBucket]:
        """One, which its clusters and their dump write to."""
        state: DatabaseState = value
        clusters = [{"cnpg.io/cluster": name} for name in state.clusters]
        bucket = BackupBucket(
            name=self.backup_bucket or f"{scope.system}-backups",
            user="barman",
            secret_name="postgresql-backup-secret",
            component="postgresql-backup",
            resource="backup-secret",
            pods=[*clusters, scope.selector(DUMP_NAME)],
            labels=WATCHED,
        )
        return (bucket,)

    def keys(self) -> Mapping[str, str]:
        """The password in use."""
        return {self.password: _PASSWORD}

    def credentials(self, settings: StoreSettings) -> Mapping[str, str]:
        """The passwords of both users, and again the one in use."""
        state: DatabaseState = settings.value
        users = state.credentials(*_USERS)
        return {_FIRST: users[0], _SECOND: users[1], _PASSWORD: users[state.rotation.active]}

    def names(self, system: str) -> Sequence[str]:
        """Those that the operator makes of the cluster, its poolers and its jobs."""
        cluster = [f"{_CLUSTER}{suffix}" for suffix in ("", "-rw", "-ro", "-r", "-pooler-rw", "-pooler-ro")]
        return [*cluster, DUMP_NAME, migration_name(system), *self.direct_clients]

    def plan(self, context: StoreContext) -> PostgresPlan:
        """PostgreSQL, and what was restored from its backups beside it."""
        state: DatabaseState = context.settings.value
        recoveries = {one.name: Recovery(source=one.source, to=one.to) for one in state.restored}
        original = self._cluster(context, state)
        clusters = [
            replace(original, cluster_name=name, recovery=recoveries.get(name), alerts=name == state.active)
            for name in state.clusters
        ]
        active = next(one for one in clusters if one.cluster_name == state.active)
        return PostgresPlan(
            prefix=self.prefix,
            password={self.password: SecretKey(secret=context.secret, key=self.password)},
            active=active,
            clusters=clusters,
            dump=dump_args(active),
            migration=self._migration(context, active),
        )

    def _cluster(self, context: StoreContext, state: DatabaseState) -> DatabaseArgs:
        scope, figures = context.scope, context.figures
        resources, storage = self.figures.fitted(figures, full_size=context.full_size)
        target = context.plan(FilesPlan).backups[self.backups(scope, state)[0].name]
        return DatabaseArgs(
            scope=scope,
            cluster_name=_CLUSTER,
            database=self.name,
            logins=self._logins(context.credentials),
            active_login=state.rotation.active,
            replication=_replication(state.replication, target) if state.replication else None,
            instances=figures.instances,
            resources=resources,
            storage=storage,
            wal_storage=figures.wal_storage,
            storage_class=context.storage_class,
            parameters=figures.parameters,
            pooler=PoolerArgs(instances=figures.poolers),
            backup=_backup(figures, storage, target),
            clients=context.clients,
            direct_clients=[scope.selector(name) for name in self._direct_clients(scope.system)],
            monitoring=context.monitoring,
            zones_required=context.zones_required,
            protect=context.protect,
            metric_sources=context.metric_sources,
        )

    def _logins(self, credentials: Mapping[str, Credential]) -> tuple[Login, Login]:
        # The AstrBot document, section 6.1, names the Secret.
        return (
            Login(user=self.user, secret_name="postgresql-secret", password=credentials[_FIRST]),
            Login(user=f"{self.user}_b", secret_name="postgresql-secret-b", password=credentials[_SECOND]),
        )

    def _direct_clients(self, system: str) -> list[str]:
        return [*([migration_name(system)] if self.schema_owner else []), *self.direct_clients]

    def _migration(self, context: StoreContext, database: DatabaseArgs) -> ScriptJobArgs | None:
        """The schema of a release, brought by the image of the service that owns it."""
        if not self.schema_owner or not database.writes:
            return None
        return migration_args(
            database,
            name=migration_name(context.scope.system),
            image=f"{context.registry}/{self.schema_owner}:{context.version}",
            version=context.version,
            config=self.alembic_config,
        )


def _replication(pair: Pair, own: BackupTarget) -> ReplicationArgs:
    """The other region's bucket is entered with the same credentials as this one's."""
    target = replace(
        own,
        bucket=pair.bucket,
        endpoint=pair.endpoint,
        flow=NEEDS["object storage"].to(pair.endpoint or ""),
        # Nothing is written there, and another endpoint has another certificate.
        kms_key=None,
        authority=own.authority if pair.endpoint == own.endpoint else None,
        elsewhere=True,
    )
    return ReplicationArgs(local=pair.local, other=pair.other, primary=pair.primary, target=target, token=pair.token)


def _backup(figures: DatabaseFigures, storage: Bytes, target: BackupTarget) -> BackupArgs:
    # A compressed dump has neither indexes nor dead rows: half of the data's volume holds it with room to spare.
    return BackupArgs(
        target=target,
        retention_days=figures.retention_days,
        dump_space=(storage * 0.5).rounded("Gi"),
        wal_parallel=figures.wal_parallel,
        recovery_point=figures.recovery_point,
        snapshot_class=figures.volume_snapshots,
    )


@dataclass(frozen=True, kw_only=True)
class PostgresPlan(StorePlan):
    """All clusters that are to be there, the `active` one of them, its dump and its schema."""

    prefix: str
    password: Mapping[str, SecretKey]
    active: DatabaseArgs
    clusters: Sequence[DatabaseArgs]
    dump: ScriptJobArgs
    migration: ScriptJobArgs | None

    def footprints(self) -> Sequence[Footprint]:
        """Clusters and jobs."""
        jobs = [self.dump, *([self.migration] if self.migration else [])]
        return [*(one.footprint() for one in self.clusters), *(one.footprint() for one in jobs)]

    def containers(self) -> Sequence[ContainerResources]:
        """The server."""
        return [self.active.resources]

    def settings(self) -> Mapping[str, str]:
        """As the AstrBot document names them (section 2.1)."""
        args, prefix = self.active, self.prefix
        return {
            f"{prefix}_HOST": args.host,
            f"{prefix}_READ_HOST": args.read_host,
            f"{prefix}_PORT": str(PORT),
            f"{prefix}_NAME": args.database,
            f"{prefix}_USER": args.login.user,
            # Both the pooler and the server turn away what is not encrypted.
            f"{prefix}_SSLMODE": "require",
        }

    def provider(self) -> Provider:
        """The pooler's pods, and the password."""
        return Provider(flows=pods_at(self.active.pods, PORT), secrets=self.password)

    def register(self, site: Site) -> Sequence[pulumi.Resource]:
        """All clusters of the database, its dump and its schema."""
        # Only here: what only plans registers nothing.
        from components.stores.postgres.component import Database, DatabaseLogins

        active, base = self.active, f"{site.name}-postgresql"
        logins = DatabaseLogins(
            f"{base}-logins",
            scope=active.scope,
            component=_CLUSTER,
            logins=active.logins,
            store=site.external,
            protect=active.protect,
            opts=site.opts,
        )
        # A database that cannot archive its WAL keeps it, and fills its volume: the bucket is there first.
        after = site.after(logins, *site.made[Files.facts.capability])
        made = {one.cluster_name: Database(_component(site.name, one), one, after) for one in self.clusters}
        database = made[active.cluster_name]
        ScriptJob(f"{site.name}-dump", self.dump, site.after(database))
        if self.migration is None:
            return [database]
        # The services depend on it: new pods start once the schema is theirs, and not if that failed.
        return [database, ScriptJob(f"{site.name}-migration", self.migration, site.after(database))]


def _component(system: str, cluster: DatabaseArgs) -> str:
    return f"{system}-postgresql" if cluster.cluster_name == _CLUSTER else f"{system}-{cluster.cluster_name}"
