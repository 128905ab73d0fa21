"""The schema of one release: `alembic upgrade head`, by one at a time, that never waits long for a lock.

Runs in the image of the service that owns the schema, which brings Alembic, psycopg and the migrations. DATABASE_URL
is SQLAlchemy's; without it one is made of libpq's variables. LOCK_TIMEOUT (5s) is how long a statement waits for a
table that is in use: beyond that the migration fails and the applications go on, rather than queueing behind it.

Exit status: 0, or 1 with one line on standard error; a failed migration has changed nothing.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

# One number for all releases of the platform: two migrations never run at a time.
_LOCK = 4_711_001


class MigrationError(Exception):
    """Why a migration did not happen."""


def main() -> int:
    """Migrate; returns the exit status."""
    try:
        print(json.dumps(migrate()))
    except MigrationError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def migrate() -> dict[str, Any]:
    """Upgrade to the newest revision in one transaction; returns the revisions before and after."""
    import sqlalchemy as sa
    from alembic.util.exc import CommandError

    try:
        engine = sa.create_engine(_url(sa), poolclass=sa.pool.NullPool)
        with engine.begin() as connection:
            return _upgrade(connection)
    except (sa.exc.SQLAlchemyError, CommandError) as error:
        said = str(getattr(error, "orig", None) or error).strip().splitlines() or ["no message"]
        raise MigrationError(f"the migration failed and changed nothing: {said[0]}") from error


def _upgrade(connection: Any) -> dict[str, Any]:
    import sqlalchemy as sa
    from alembic import command
    from alembic.config import Config

    if not connection.execute(sa.text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _LOCK}).scalar():
        raise MigrationError("another migration is at work on this database")
    timeout = os.environ.get("LOCK_TIMEOUT", "5s")
    connection.execute(sa.text("SELECT set_config('lock_timeout', :timeout, true)"), {"timeout": timeout})
    before = _revision(connection)
    config = Config(_required("ALEMBIC_CONFIG"))
    # Read by the service's env.py in place of a connection of its own: all in one transaction, under one lock.
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return {"from": before, "to": _revision(connection)}


def _revision(connection: Any) -> str | None:
    from alembic.runtime.migration import MigrationContext

    revision: str | None = MigrationContext.configure(connection).get_current_revision()
    return revision


def _url(sa: Any) -> Any:
    if os.environ.get("DATABASE_URL"):
        return os.environ["DATABASE_URL"]
    return sa.URL.create(
        "postgresql+psycopg",
        username=_required("PGUSER"),
        password=_required("PGPASSWORD"),
        host=_required("PGHOST"),
        port=int(os.environ.get("PGPORT", "5432")),
        database=_required("PGDATABASE"),
    )


def _required(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise MigrationError(f"the environment variable {name} is missing")
    return value


if __name__ == "__main__":
    sys.exit(main())
