"""The script that takes CloudLens from SQLite to PostgreSQL, from a real file to a real server."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from paths import ROOT
from tests.servers import Postgres

SCRIPT = ROOT / "components" / "stores" / "postgres" / "scripts" / "import_sqlite.py"
_NUMBERS = count()
# Four of the tables that the document lists, and what SQLite does that PostgreSQL does otherwise.
SCHEMA = """
CREATE TABLE budgets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name VARCHAR(20) NOT NULL UNIQUE,
    amount DECIMAL(10, 2) NOT NULL,
    active BOOLEAN NOT NULL DEFAULT 1,
    created DATETIME DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE budget_alerts (
    budget INTEGER NOT NULL REFERENCES budgets (id) ON DELETE CASCADE,
    threshold REAL,
    PRIMARY KEY (budget, threshold)
);
CREATE TABLE "Dashboards" (id TEXT PRIMARY KEY, layout JSON, picture BLOB, "order" INTEGER);
CREATE TABLE resource_cache (key TEXT, value TEXT, expires TIMESTAMP DEFAULT (datetime('now')));
CREATE INDEX resource_cache_key ON resource_cache (key);
CREATE INDEX resource_cache_live ON resource_cache (key) WHERE expires IS NOT NULL;
CREATE VIEW active_budgets AS SELECT * FROM budgets WHERE active;
"""
AWKWARD = "a\ttab, a\nline, a\r return, a \\ and \\. and \\N, a ' and 云账单"
ROWS = {"budgets": 2, "budget_alerts": 3, "dashboards": 1, "resource_cache": 500}


class Import:
    """A file, and a database that it is for."""

    def __init__(self, postgres: Postgres, file: Path, database: str) -> None:
        self.postgres, self.file, self.database = postgres, file, database
        self.write(SCHEMA)
        self.write(
            "INSERT INTO budgets (name, amount, active) VALUES ('prod', 3250.50, 1), ('a name above 20 letters', 0, 0);"
            "INSERT INTO budget_alerts VALUES (1, 0.5), (1, 0.9), (2, 1.0);"
        )
        with closing(sqlite3.connect(file)) as opened, opened:
            dashboard = ("overview", '{"panels": [1]}', b"\x00\xff\\", 3)
            opened.execute("INSERT INTO Dashboards VALUES (?, ?, ?, ?)", dashboard)
            rows = [(f"key {number}", AWKWARD, None) for number in range(500)]
            opened.executemany("INSERT INTO resource_cache VALUES (?, ?, ?)", rows)

    def write(self, text: str) -> None:
        with closing(sqlite3.connect(self.file)) as opened:
            opened.executescript(text)

    def run(self, **changes: str) -> subprocess.CompletedProcess[str]:
        variables = {**self.postgres.environment(self.database), "SQLITE_FILE": str(self.file), **changes}
        command = [sys.executable, str(SCRIPT)]
        return subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=60)

    def refused(self, **changes: str) -> str:
        done = self.run(**changes)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.count("\n") == 1, done.stderr
        return done.stderr

    def sql(self, text: str) -> str:
        return self.postgres.sql(text, self.database)

    def tables(self) -> str:
        query = "SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_tables WHERE schemaname = 'public'"
        return self.sql(query)


@pytest.fixture
def move(postgres: Postgres, tmp_path: Path) -> Iterator[Import]:
    name = f"cloudlens_{next(_NUMBERS)}"
    postgres.sql(f"CREATE DATABASE {name}")
    yield Import(postgres, tmp_path / "cloudlens.db", name)
    postgres.sql(f"DROP DATABASE {name} WITH (FORCE)")


def test_every_row_of_every_table_arrives(move: Import) -> None:
    done = move.run()
    assert done.returncode == 0, done.stderr
    left = ["resource_cache_live", "active_budgets"]
    assert json.loads(done.stdout) == {"copied": ROWS, "left to the application": left}
    assert {table: int(move.sql(f"SELECT count(*) FROM {table}")) for table in ROWS} == ROWS


def test_values_are_what_they_were(move: Import) -> None:
    """Tabs, line breaks and backslashes have a meaning in the stream between the two."""
    move.run()
    assert move.sql("SELECT count(DISTINCT key) FROM resource_cache") == "500"
    with closing(sqlite3.connect(move.file)) as file:
        (digest,) = file.execute("SELECT hex(value) FROM resource_cache LIMIT 1").fetchone()
    assert move.sql("SELECT DISTINCT upper(encode(convert_to(value, 'UTF8'), 'hex')) FROM resource_cache") == digest
    assert move.sql("SELECT amount, active, name FROM budgets ORDER BY id") == (
        "3250.5|t|prod\n0|f|a name above 20 letters"
    )
    assert move.sql("SELECT layout -> 'panels' -> 0, encode(picture, 'hex'), \"order\" FROM dashboards") == (
        "1|00ff5c|3"
    )


def test_the_schema_keeps_its_rules(move: Import) -> None:
    """An application that relied on them would go on, and spoil its data."""
    move.run()
    assert move.sql("INSERT INTO budgets (name, amount) VALUES ('next', 1) RETURNING id, active") == "3|t"
    assert move.sql("SELECT created > now() - interval '1 day' FROM budgets WHERE name = 'next'") == "t"
    assert move.sql("DELETE FROM budgets WHERE id = 1 RETURNING id") == "1"
    assert move.sql("SELECT count(*) FROM budget_alerts") == "1", "the reference is gone, or its ON DELETE CASCADE"
    indices = move.sql("SELECT string_agg(indexname, ' ' ORDER BY indexname) FROM pg_indexes WHERE schemaname='public'")
    assert indices == (
        "budget_alerts_pkey budgets_name_idx budgets_pkey dashboards_pkey resource_cache_key sqlite_import_pkey"
    )


def test_a_second_run_changes_nothing(move: Import) -> None:
    """The Job runs again whenever its pod is lost: what the application has changed since then stays."""
    move.run()
    move.sql("DELETE FROM resource_cache WHERE key = 'key 7'")
    assert json.loads(move.run().stdout) == {"copied before": ROWS}
    assert move.sql("SELECT count(*) FROM resource_cache") == "499"


def test_rows_that_came_after_the_copy_are_not_lost_in_silence(move: Import) -> None:
    """Whoever went back to SQLite in between would miss them only much later."""
    move.run()
    move.write("INSERT INTO budgets (name, amount) VALUES ('late', 1)")
    assert "changed since it was copied (budgets 2 then and 3 now rows)" in move.refused()


def test_tables_of_the_application_are_filled_and_keep_their_types(move: Import) -> None:
    """The application may have made its schema before."""
    move.sql("CREATE TABLE budgets (id serial PRIMARY KEY, name text, amount integer, active int, created date)")
    assert "invalid input syntax for type integer" in move.refused()
    move.sql("ALTER TABLE budgets ALTER COLUMN amount TYPE numeric(12, 4)")
    assert move.run().returncode == 0
    assert move.sql("SELECT amount, active FROM budgets WHERE id = 1") == "3250.5000|1"
    assert move.sql("INSERT INTO budgets (name) VALUES ('next') RETURNING id") == "3"


@pytest.mark.parametrize(
    ("before", "statement", "words"),
    [
        ("file", "UPDATE budgets SET created = 'yesterday evening'", "invalid input syntax for type timestamp"),
        ("file", "INSERT INTO budget_alerts VALUES (99, 1)", "violates foreign key constraint"),
        ("file", "INSERT INTO resource_cache (key) VALUES (CAST(x'ff' AS TEXT))", "Could not decode to UTF-8"),
        ("server", "CREATE TABLE budgets AS SELECT 1 AS id", "table budgets has rows already"),
    ],
)
def test_what_does_not_fit_stops_all_of_it(move: Import, before: str, statement: str, words: str) -> None:
    """Half of the data in PostgreSQL would look like all of it."""
    move.write(statement) if before == "file" else move.sql(statement)
    tables = move.tables()
    assert words in move.refused()
    assert move.tables() == tables


def test_an_import_that_is_killed_half_way_has_done_nothing(move: Import) -> None:
    """psql takes the end of its input for the end of a COPY; without COMMIT that is nothing."""
    script = SCRIPT.read_text().replace('yield "\\\\.\\n"', "os.kill(os.getpid(), 9)")
    assert "os.kill" in script
    (move.file.parent / "killed.py").write_text(script)
    (move.file.parent / "sqlite_tables.py").write_text((SCRIPT.parent / "sqlite_tables.py").read_text())
    variables = {**move.postgres.environment(move.database), "SQLITE_FILE": str(move.file)}
    done = subprocess.run([sys.executable, str(move.file.parent / "killed.py")], env=variables, check=False, timeout=60)
    assert done.returncode == -9
    assert move.run().returncode == 0, "something of the killed import is there"


def test_nothing_is_copied_while_somebody_writes(move: Import) -> None:
    with closing(sqlite3.connect(move.file, isolation_level=None)) as backend:
        backend.execute("BEGIN IMMEDIATE")
        assert "whoever writes to it has to stop first" in move.refused()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"PGPASSWORD": "wrong"}, "password authentication failed"),
        ({"SQLITE_FILE": "/nowhere/cloudlens.db"}, "there is no file /nowhere/cloudlens.db"),
        ({"SQLITE_FILE": ""}, "SQLITE_FILE is missing"),
        ({"PATH": "/nowhere"}, "psql is not in this image"),
    ],
)
def test_an_import_that_cannot_begin_says_why(move: Import, changes: dict[str, str], words: str) -> None:
    """One line in the Job's log, without the password."""
    said = move.refused(**changes)
    assert words in said
    assert move.postgres.password not in said
