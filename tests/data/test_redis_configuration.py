"""The generated redis.conf, read by a real redis-server, which refuses what it does not know."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from components.kubernetes.quantity import Bytes
from components.stores.redis.args import RedisSettings, Use
from tests.servers import free_port, program


@contextmanager
def redis(folder: Path, configuration: str, *, tls: bool = False) -> Iterator[int]:
    """A server with this configuration; yields its port, with TLS or without, once it answers."""
    port, file = free_port(), folder / "redis.conf"
    ports = f"port 0\ntls-port {port}" if tls else f"port {port}"
    file.write_text(f"{ports}\nbind 127.0.0.1\ndir {folder}\n{configuration}")
    command = [program("redis-server"), str(file)]
    # Its messages go to a file: a pipe that nobody reads would hold it up.
    with (folder / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            answering(port, server, folder / "log")
            yield port
        finally:
            # Not SIGTERM: a follower that has just copied its leader was seen to go on. Nothing here is kept.
            server.kill()


def answering(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    """Returns once the server listens; one that stops instead is shown with its log."""
    for _ in range(100):
        assert server.poll() is None, log.read_text()
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("redis-server does not answer")


def ask(port: int, *command: str) -> str:
    client = shutil.which("redis-cli") or pytest.skip("redis-cli is not here: apt-get install redis-server")
    done = subprocess.run([client, "-p", str(port), *command], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("use", "policy", "appends"), [("cache", "allkeys-lru", "no"), ("session", "volatile-ttl", "yes")]
)
def test_a_real_server_takes_every_line_and_does_what_it_says(
    tmp_path: Path, use: Use, policy: str, appends: str
) -> None:
    """One misspelt line, and Redis does not start at all."""
    settings = RedisSettings(use=use, memory_limit=Bytes.parse("2Gi"))
    with redis(tmp_path, settings.as_configuration()) as port:
        assert ask(port, "CONFIG", "GET", "maxmemory").split()[1] == str(settings.maxmemory.amount)
        assert ask(port, "CONFIG", "GET", "maxmemory-policy").split()[1] == policy
        assert ask(port, "CONFIG", "GET", "appendonly").split()[1] == appends


def test_a_full_session_store_loses_no_session_that_has_no_end(tmp_path: Path) -> None:
    """`allkeys-lru` would throw out whoever has not clicked for a while."""
    settings = RedisSettings(use="session", memory_limit=Bytes.parse("64Mi"))
    fill = "for i=1,700 do redis.call('SET','short'..i,string.rep('x',100000),'EX',3600) end"
    with redis(tmp_path, settings.as_configuration()) as port:
        ask(port, "SET", "kept", "for ever")
        ask(port, "EVAL", fill, "0")
        ask(port, "SET", "after", "x", "EX", "10")
        assert ask(port, "GET", "kept") == "for ever"
        assert int(ask(port, "DBSIZE")) < 700, "nothing was evicted: the server's limit is not in force"


def test_a_server_refuses_a_line_that_it_does_not_know(tmp_path: Path) -> None:
    """Otherwise the first test would prove nothing."""
    with pytest.raises(AssertionError, match="maxmemry"), redis(tmp_path, "maxmemry 1\n"):
        pass


def test_a_limit_that_leaves_redis_nothing_is_refused_with_one_that_would_do() -> None:
    """Redis would start, and refuse every write."""
    with pytest.raises(ValueError, match="which is a limit of 46Mi"):
        RedisSettings(use="cache", memory_limit=Bytes.parse("40Mi"))
