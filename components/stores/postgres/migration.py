"""Migrations: the schema of a release before its pods, and the way from SQLite on a volume to PostgreSQL."""

from __future__ import annotations

from pathlib import Path

from components.kubernetes.footprint import ContainerResources
from components.kubernetes.needs import DNS
from components.kubernetes.network import Flow, Peer
from components.stores.postgres.args import PORT, DatabaseArgs
from components.workload.args import SecretKey
from components.workload.job import ScriptJobArgs, script
from versions import POSTGRESQL_TOOLS_IMAGE

_SCRIPT = Path(__file__).parent / "scripts" / "migrate.py"
_RESOURCES = ContainerResources.of("200m", "1", "128Mi", "512Mi")


def migration_args(database: DatabaseArgs, *, name: str, image: str, version: str, config: str) -> ScriptJobArgs:
    """The Job `name-version-digest` in the service's own `image`; `config` is the path of its alembic.ini there.

    It connects to the primary itself, since a pooler would take its locks away after each transaction; `name` must be
    among the database's `direct_clients`. One attempt: a migration that failed fails again until somebody has looked.
    """
    return ScriptJobArgs(
        scope=database.scope,
        name=name,
        version=version,
        image=image,
        command=("python", "/scripts/migrate.py"),
        scripts=script(_SCRIPT),
        environment={
            "PGHOST": database.direct_host,
            "PGPORT": str(PORT),
            "PGDATABASE": database.database,
            "PGSSLMODE": "require",
            "ALEMBIC_CONFIG": config,
        },
        secrets={
            "PGUSER": SecretKey(secret=database.owner.secret_name, key="username"),
            "PGPASSWORD": SecretKey(secret=database.owner.secret_name, key="password"),
        },
        resources=_RESOURCES,
        egress=(Flow(peer=Peer(pods=database.cluster_pods), ports=(PORT,)), DNS),
        deadline=900,
        retries=0,
    )


_SCRIPTS = Path(__file__).parent / "scripts"
_IMPORT_RESOURCES = ContainerResources.of("200m", "1", "128Mi", "512Mi")


def sqlite_import_args(
    database: DatabaseArgs, *, name: str, claim: str, mounted_at: str, file: str, wait: int
) -> ScriptJobArgs:
    """The Job `name-digest`. It mounts the volume of `claim`, with `file` on it, where the application has it.

    It waits so many seconds first: pods that were told to stop may write until their grace period is over.

    It connects to the primary itself, so that `name` must be among the database's `direct_clients`. Tried again, it
    finds what was copied and leaves it alone.
    """
    return ScriptJobArgs(
        scope=database.scope,
        name=name,
        image=POSTGRESQL_TOOLS_IMAGE,
        command=("python3", "/scripts/import_sqlite.py"),
        scripts={**script(_SCRIPTS / "import_sqlite.py"), **script(_SCRIPTS / "sqlite_tables.py")},
        environment={
            "PGHOST": database.direct_host,
            "PGPORT": str(PORT),
            "PGDATABASE": database.database,
            "PGSSLMODE": "require",
            "PGCONNECT_TIMEOUT": "10",
            "SQLITE_FILE": file,
            "WAIT_SECONDS": str(wait),
        },
        secrets={
            "PGUSER": SecretKey(secret=database.owner.secret_name, key="username"),
            "PGPASSWORD": SecretKey(secret=database.owner.secret_name, key="password"),
        },
        resources=_IMPORT_RESOURCES,
        egress=(Flow(peer=Peer(pods=database.cluster_pods), ports=(PORT,)), DNS),
        claims={mounted_at: claim},
    )
