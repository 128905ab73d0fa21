"""The script of the migration Job, with the document's own migration (section 7.2), on a real PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from paths import ROOT
from tests.servers import Postgres

SCRIPT = ROOT / "components" / "stores" / "postgres" / "scripts" / "migrate.py"
_NUMBERS = count()
ENVIRONMENT = """
from alembic import context
connection = context.config.attributes["connection"]
context.configure(connection=connection)
with context.begin_transaction():
    context.run_migrations()
"""
FIRST = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "001", None
def upgrade():
    op.create_table(
        "tenants",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("email", sa.String(255), nullable=False, unique=True),
        sa.Column("plan", sa.String(20), nullable=False),
    )
    op.create_index("idx_tenant_email", "tenants", ["email"])
def downgrade():
    op.drop_table("tenants")
"""
SECOND = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "002", "001"
def upgrade():
    op.add_column("tenants", sa.Column("region", sa.String(20)))
    {then}
"""


class Release:
    """A release's migrations in a folder, and a database that they are for."""

    def __init__(self, postgres: Postgres, folder: Path, database: str) -> None:
        self.postgres, self.folder, self.database = postgres, folder, database
        (folder / "versions").mkdir()
        (folder / "env.py").write_text(ENVIRONMENT)
        (folder / "alembic.ini").write_text(f"[alembic]\nscript_location = {folder}\npath_separator = os\n")
        self.add("001", FIRST)

    def add(self, name: str, text: str) -> None:
        (self.folder / "versions" / f"{name}.py").write_text(text)

    def run(self, **changes: str) -> subprocess.CompletedProcess[str]:
        variables = {
            **self.postgres.environment(self.database),
            "ALEMBIC_CONFIG": str(self.folder / "alembic.ini"),
            "LOCK_TIMEOUT": "300ms",
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            **changes,
        }
        command = [sys.executable, str(SCRIPT)]
        return subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=60)

    def sql(self, text: str) -> str:
        return self.postgres.sql(text, self.database)

    def columns(self) -> str:
        query = "SELECT string_agg(column_name, ' ' ORDER BY column_name) FROM information_schema.columns"
        return self.sql(f"{query} WHERE table_name = 'tenants'")


@pytest.fixture
def release(postgres: Postgres, tmp_path: Path) -> Iterator[Release]:
    pytest.importorskip("alembic")
    pytest.importorskip("psycopg")
    name = f"release_{next(_NUMBERS)}"
    postgres.sql(f"CREATE DATABASE {name}")
    yield Release(postgres, tmp_path, name)
    postgres.sql(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_release_brings_the_schema_to_its_newest_revision_and_again_changes_nothing(release: Release) -> None:
    """The Job runs again whenever its pod is lost."""
    assert release.run().stdout == '{"from": null, "to": "001"}\n'
    assert release.columns() == "email id plan"
    assert release.run().stdout == '{"from": "001", "to": "001"}\n'


def test_a_failed_migration_changes_nothing_and_stops_the_rollout(release: Release) -> None:
    """Half a schema fits neither the old version nor the new one."""
    release.run()
    release.add("002", SECOND.format(then='op.execute("SELECT 1 / 0")'))
    done = release.run()
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert "division by zero" in done.stderr
    assert release.columns() == "email id plan"
    assert release.sql("SELECT version_num FROM alembic_version") == "001"


def test_a_migration_gives_up_before_the_applications_queue_behind_it(release: Release) -> None:
    """ALTER TABLE that waits for one long transaction blocks every later reader."""
    release.run()
    release.add("002", SECOND.format(then="pass"))
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(release.postgres.dsn("postgres", release.postgres.password, release.database)) as reader:
        reader.execute("SELECT count(*) FROM tenants")
        done = release.run()
    assert done.returncode == 1
    assert "lock timeout" in done.stderr
    assert release.run().stdout == '{"from": "001", "to": "002"}\n'


def test_two_migrations_never_run_at_a_time(release: Release) -> None:
    """Two Jobs of two releases, or a Job and its retry."""
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(release.postgres.dsn("postgres", release.postgres.password, release.database)) as other:
        other.execute("SELECT pg_advisory_xact_lock(4711001)")
        assert "another migration is at work" in release.run().stderr
    assert release.run().returncode == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"PGPASSWORD": "wrong"}, "password authentication failed"),
        ({"PGPORT": "1"}, "failed"),
        ({"ALEMBIC_CONFIG": ""}, "ALEMBIC_CONFIG is missing"),
    ],
)
def test_a_migration_that_cannot_begin_says_why(release: Release, changes: dict[str, str], words: str) -> None:
    """One line in the Job's log, without the password."""
    done = release.run(**changes)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
