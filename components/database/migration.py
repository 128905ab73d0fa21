"""The migration of a release: it runs before the release's pods do, and a failed one stops the rollout."""

from __future__ import annotations

from pathlib import Path

from components.application.args import SecretKey
from components.database.args import PORT, DatabaseArgs
from components.footprint import ContainerResources
from components.network import DNS, Flow, Peer
from components.script_job import ScriptJobArgs, script

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
