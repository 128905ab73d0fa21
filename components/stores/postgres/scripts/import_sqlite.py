"""Copy a SQLite file into a PostgreSQL database: all tables with all rows in one transaction, or nothing.

Runs in an image with Python and psql. SQLITE_FILE is the file, libpq's own variables (PGHOST, PGPORT, PGUSER,
PGPASSWORD, PGDATABASE) name the database. It begins after WAIT_SECONDS (0), for whoever may still be about to stop. A
table that is not there yet is made, with keys and indices; one that is there must be empty, and keeps its own types.
Names become lower case, as PostgreSQL reads them without quotes. The rows of each table are counted on both sides
before the transaction ends; the counts stay in the table `sqlite_import`.

Run again, it changes nothing: it compares the file with those counts. Exit status: 0 with the counts as JSON, and the
indices, views and triggers that only the application can make; or 1 with one line on standard error.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from components.stores.postgres.scripts.sqlite_tables import Table, listed, quoted, tables
else:
    from sqlite_tables import Table, listed, quoted, tables

_MARK = "sqlite_import"
_PSQL = ("psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1")
_LEFT = "SELECT name FROM sqlite_schema WHERE type IN ('view', 'trigger') ORDER BY name"


class ImportingError(Exception):
    """Why nothing was copied, in words for whoever is on call."""


def main() -> int:
    """Copy, or find that it was done; returns the exit status."""
    try:
        time.sleep(float(os.environ.get("WAIT_SECONDS") or 0))
        with closing(_opened()) as file:
            found = tables(file)
            print(json.dumps(_compared(found) if _there(_MARK) else _copied(file, found)))
    except (ImportingError, sqlite3.Error) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _opened() -> sqlite3.Connection:
    path = Path(_required("SQLITE_FILE"))
    if not path.is_file():
        raise ImportingError(f"there is no file {path}: nothing was ever written, so go on with PostgreSQL")
    file = sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, isolation_level=None, timeout=5)
    try:
        # Nobody writes until the end; whoever does it now shows here.
        file.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        file.close()
        raise ImportingError(f"{path}: {error}; whoever writes to it has to stop first") from error
    return file


def _copied(file: sqlite3.Connection, found: list[Table]) -> dict[str, Any]:
    made = [table for table in found if not _there(table.name)]
    with subprocess.Popen(
        [*_PSQL, "--file=-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "LC_ALL": "C.UTF-8", "PGCLIENTENCODING": "UTF8"},
    ) as psql:
        try:
            for line in _transaction(file, found, made):
                psql.stdin.write(line)  # type: ignore[union-attr]
            said = psql.communicate()[1]
        except BrokenPipeError:
            # It stopped reading at an error, and says which.
            said = psql.stderr.read()  # type: ignore[union-attr]
    if psql.returncode:
        lines = [line for line in said.splitlines() if line.strip()] or ["no message"]
        raise ImportingError(f"nothing was copied: {' | '.join(lines[:4])}")
    left = [name for table in made for name in table.left] + [name for (name,) in file.execute(_LEFT)]
    return {"copied": {table.name.lower(): table.rows for table in found}, "left to the application": left}


def _transaction(file: sqlite3.Connection, found: list[Table], made: list[Table]) -> Iterator[str]:
    """What psql reads. Whatever ends it early leaves out COMMIT, without which nothing has happened."""
    yield "BEGIN;\n"
    # Two imports at a time both want to make this table: the second one waits here, and fails.
    yield f"CREATE TABLE {_MARK} (table_name text PRIMARY KEY, rows bigint NOT NULL, at timestamptz DEFAULT now());\n"
    yield from (f"{table.create()}\n" for table in made)
    for table in found:
        name = table.name.lower()
        problem = f"table {name} has rows already: the import goes into an empty database"
        yield _raise(f"EXISTS (SELECT FROM {quoted(name)})", problem)
        yield f"COPY {quoted(name)} ({listed([one.name for one in table.columns])}) FROM STDIN;\n"
        binary = [table in made and one.type == "bytea" for one in table.columns]
        for row in file.execute(table.select()):
            yield "\t".join(map(_field, row, binary)) + "\n"
        yield "\\.\n"
        yield from _checked(table)
    yield from (f"{line}\n" for table in made for line in table.indices)
    yield from (f"{line}\n" for table in made for line in table.references)
    yield "COMMIT;\n"


def _checked(table: Table) -> Iterator[str]:
    name, counted = quoted(table.name), table.counted
    yield _raise(f"(SELECT count(*) FROM {name}) <> {table.rows}", f"table {table.name}: not all rows arrived")  # noqa: S608
    yield f"INSERT INTO {_MARK} (table_name, rows) VALUES ({_text(table.name.lower())}, {table.rows});\n"  # noqa: S608
    if counted and table.rows:
        # The next row gets a number of its own.
        sequence = f"pg_get_serial_sequence({_text(name)}, {_text(counted.lower())})"
        yield f"SELECT setval({sequence}, (SELECT max({quoted(counted)}) FROM {name}));\n"  # noqa: S608


def _raise(condition: str, message: str) -> str:
    return f"DO $do$ BEGIN IF {condition} THEN RAISE EXCEPTION USING MESSAGE = {_text(message)}; END IF; END $do$;\n"


def _compared(found: list[Table]) -> dict[str, Any]:
    """What was copied, if the file still has just that."""
    lines = _query(f"SELECT table_name || '=' || rows FROM {_MARK} ORDER BY 1")  # noqa: S608
    before = {name: int(rows) for name, _, rows in (line.rpartition("=") for line in lines)}
    now = {table.name.lower(): table.rows for table in found}
    changed = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    if changed:
        shown = ", ".join(f"{name} {before.get(name, 0)} then and {now.get(name, 0)} now" for name in changed)
        raise ImportingError(
            f"the file has changed since it was copied ({shown} rows): somebody wrote to it after that"
        )
    return {"copied before": before}


def _there(table: str) -> bool:
    return _query(f"SELECT to_regclass({_text(quoted(table))}) IS NOT NULL") == ["t"]


def _query(sql: str) -> list[str]:
    variables = {**os.environ, "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run([*_PSQL, "-c", sql], check=False, text=True, capture_output=True, env=variables)
    except FileNotFoundError as error:
        raise ImportingError("psql is not in this image") from error
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no message"]
        raise ImportingError(f"PostgreSQL: {said[0]}")
    return [line for line in done.stdout.splitlines() if line]


def _field(value: Any, binary: bool) -> str:
    """A value in COPY's text format, which PostgreSQL reads by the column's own type."""
    if value is None:
        return "\\N"
    if isinstance(value, bytes) or (binary and isinstance(value, str)):
        return "\\\\x" + (value if isinstance(value, bytes) else value.encode()).hex()
    return str(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _required(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise ImportingError(f"the environment variable {name} is missing")
    return value


if __name__ == "__main__":
    sys.exit(main())
