"""Real servers for the tests of the data tier: PostgreSQL, the S3 API of moto, Redis.

Nothing is installed here. Without the programs (Debian: `postgresql`, `redis-server`) or the Python packages
(`moto[server]`, `psycopg`, `alembic`) the tests are skipped, each with what is missing.
"""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


def program(name: str) -> str:
    """The path of a server's program; Debian keeps PostgreSQL's outside of PATH."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = next((str(place / name) for place in places if (place / name).exists()), None) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not here: apt-get install postgresql redis-server")
    return found


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass(frozen=True)
class Postgres:
    """A running server: where it listens, and its superuser's password."""

    port: int
    password: str = "of-the-superuser"

    def environment(self, database: str = "postgres", user: str = "postgres", password: str = "") -> dict[str, str]:
        """libpq's variables of a connection; PATH has the server's own client programs first."""
        return {
            "PATH": f"{Path(program('initdb')).parent}:{os.environ['PATH']}",
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.port),
            "PGDATABASE": database,
            "PGUSER": user,
            "PGPASSWORD": password or self.password,
            "PGCONNECT_TIMEOUT": "5",
        }

    def dsn(self, user: str, password: str, database: str = "postgres") -> str:
        return f"host=127.0.0.1 port={self.port} user={user} password={password} dbname={database}"

    def sql(self, text: str, database: str = "postgres") -> str:
        """Run SQL as the superuser; returns what psql prints."""
        command = [program("psql"), "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-c", text]
        done = subprocess.run(command, env=self.environment(database), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server on a free port of the loopback, with password authentication."""
    server = Postgres(free_port())
    # Below /tmp itself: the server's user must be able to get there.
    with tempfile.TemporaryDirectory(prefix="platform-postgres-") as folder:
        data = Path(folder) / "data"
        password = Path(folder) / "password"
        password.write_text(server.password)
        _give_away(Path(folder), password)
        _as_server("initdb", "-D", str(data), "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={password}", "-N")
        options = f"-p {server.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        _as_server("pg_ctl", "-D", str(data), "-w", "-l", f"{folder}/log", "-o", options, "start")
        try:
            yield server
        finally:
            _as_server("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")


def _as_server(name: str, *options: str) -> None:
    """initdb and postgres refuse to run as root: then they run as the user that Debian's package makes."""
    command = [program(name), *options]
    if getpass.getuser() == "root":
        command = ["runuser", "-u", "postgres", "--", *command]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd="/", check=False)
    assert done.returncode == 0, f"{name}: {done.stderr}"


def _give_away(*paths: Path) -> None:
    if getpass.getuser() == "root":
        for path in paths:
            shutil.chown(path, "postgres", "postgres")


@dataclass(frozen=True)
class ObjectStorage:
    """moto's server: a real S3 API over HTTP."""

    endpoint: str
    client: Any


@pytest.fixture(scope="session")
def s3() -> Iterator[ObjectStorage]:
    """An S3 API on a free port of the loopback."""
    boto3 = pytest.importorskip("boto3")
    pytest.importorskip("flask", reason="moto's server is not here: pip install 'moto[server]'")
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    try:
        yield ObjectStorage(endpoint, boto3.client("s3", endpoint_url=endpoint, **CREDENTIALS))
    finally:
        server.stop()


CREDENTIALS = {"region_name": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}


@pytest.fixture
def bucket(s3: ObjectStorage) -> str:
    """An empty bucket."""
    name = f"backups-{time.monotonic_ns()}"
    s3.client.create_bucket(Bucket=name)
    return name
