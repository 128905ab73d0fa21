"""Real servers for tests: PostgreSQL and Redis as Debian ships them.

Nothing is installed here. Without the programs (`make servers`) a test is skipped, with what is missing.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

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


@contextlib.contextmanager
def running_postgres(*options: str, tls: bool = False) -> Iterator[Postgres]:
    """A server on a free port of the loopback, with password authentication; `options` are further `-c` settings."""
    server = Postgres(free_port())
    # Below /tmp itself: the server's user must be able to get there.
    with tempfile.TemporaryDirectory(prefix="platform-postgres-") as name:
        folder = Path(name)
        data, password = folder / "data", folder / "password"
        password.write_text(server.password)
        certificate = _self_signed(folder) if tls else []
        _give_away(folder, password, *certificate)
        _as_server("initdb", "-D", str(data), "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={password}", "-N")
        settings = ["listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", "fsync=off", *options]
        if tls:
            settings += ["ssl=on", f"ssl_cert_file={certificate[0]}", f"ssl_key_file={certificate[1]}"]
        given = " ".join([f"-p {server.port}", *(f"-c {one}" for one in settings)])
        _as_server("pg_ctl", "-D", str(data), "-w", "-l", str(folder / "log"), "-o", given, "start")
        try:
            yield server
        finally:
            _as_server("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")


def _self_signed(folder: Path) -> list[Path]:
    """A certificate and its key, which only their owner reads."""
    certificate, key = folder / "server.crt", folder / "server.key"
    subject = ["-subj", "/CN=postgresql", "-days", "1", "-keyout", str(key), "-out", str(certificate)]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject]
    subprocess.run(command, check=True, capture_output=True)
    key.chmod(0o600)
    return [certificate, key]


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
