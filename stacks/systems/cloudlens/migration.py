"""From SQLite to PostgreSQL: the Job that takes the data along."""

from __future__ import annotations

from components.application.args import RollingUpdate
from components.application.volumes import claim_name
from components.database.sqlite import sqlite_import_args
from components.script_job import ScriptJobArgs
from stacks.blueprint.declaration import Around
from stacks.systems.cloudlens.declaration import IMPORT
from stacks.systems.cloudlens.services import BACKEND, DATA, DATABASE_FILE


def import_args(around: Around) -> ScriptJobArgs:
    """The backend's file into the system's database; raises ValueError for a system without one."""
    if around.database is None:
        raise ValueError(f"{IMPORT}: there is no database to import into")
    stopping = RollingUpdate()
    return sqlite_import_args(
        around.database,
        name=IMPORT,
        claim=claim_name(BACKEND),
        mounted_at=DATA,
        file=DATABASE_FILE,
        wait=stopping.drain_seconds + stopping.stop_seconds,
    )
