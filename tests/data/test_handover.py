"""The steps of a password's hand-over on a real PostgreSQL, under applications that write all the time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from stacks.schema.database import DatabaseState, Rotation
from tests.servers import Postgres

USERS = ("app", "app_b")


@dataclass(frozen=True)
class Login:
    """What a pod was started with."""

    user: str
    password: str


def passwords(rotation: Rotation) -> tuple[str, str]:
    """What the Secrets of both users hold: for each credential's name a password of its own."""
    return DatabaseState(rotation=rotation).credentials("of-app", "of-app-b")


def in_use(rotation: Rotation) -> Login:
    return Login(USERS[rotation.active], passwords(rotation)[rotation.active])


@pytest.fixture
def users(postgres: Postgres) -> Iterator[Postgres]:
    pytest.importorskip("psycopg")
    postgres.sql("CREATE ROLE app LOGIN; CREATE ROLE app_b LOGIN IN ROLE app")
    postgres.sql("CREATE TABLE written (n int PRIMARY KEY); ALTER TABLE written OWNER TO app")
    operator(postgres, Rotation())
    yield postgres
    postgres.sql("DROP TABLE written; DROP ROLE app_b; DROP ROLE app")


def operator(postgres: Postgres, rotation: Rotation) -> None:
    """What CloudNativePG does with the Secrets of its managed roles."""
    for user, password in zip(USERS, passwords(rotation), strict=True):
        postgres.sql(f"ALTER ROLE {user} PASSWORD '{password}'")


def connection(postgres: Postgres, login: Login) -> Any:
    import psycopg

    return psycopg.connect(postgres.dsn(login.user, login.password))


class Pod(threading.Thread):
    """An application: writes without a pause and connects anew every few rows, with the login that it was given."""

    def __init__(self, postgres: Postgres, login: Login, first: int) -> None:
        super().__init__()
        self.postgres, self.login, self.ended = postgres, login, threading.Event()
        self.first, self.written = first, 0
        self.failures: list[str] = []

    def run(self) -> None:
        while not self.ended.is_set() and not self.failures:
            try:
                self._session()
            except Exception as error:
                self.failures.append(str(error))

    def _session(self) -> None:
        with connection(self.postgres, self.login) as one:
            one.autocommit = True
            for _ in range(5):
                one.execute("INSERT INTO written VALUES (%s)", (self.first + self.written,))
                self.written += 1

    def writes(self, rows: int) -> None:
        """Wait until it has written so many rows more, or has failed."""
        wanted = self.written + rows
        while self.written < wanted and self.is_alive():
            pass

    def end(self) -> None:
        self.ended.set()
        self.join()


def refused(postgres: Postgres, login: Login) -> bool:
    import psycopg

    try:
        connection(postgres, login).close()
    except psycopg.OperationalError:
        return True
    return False


def test_no_write_and_no_connection_fails_over_two_whole_rotations(users: Postgres) -> None:
    """There and back again. A rolling update has pods of both kinds at once: the old ones must go on working."""
    rotation = Rotation()
    pods = [Pod(users, in_use(rotation), 0)]
    pods[0].start()
    try:
        for _ in range(6):
            rotation = rotation.next()
            operator(users, rotation)
            pods[-1].writes(10)
            if rotation.phase == "switch":
                pods.append(Pod(users, in_use(rotation), len(pods) * 1_000_000))
                pods[-1].start()
                pods[-1].writes(10)
                pods[-2].writes(10)
                pods[-2].end()
    finally:
        for pod in pods:
            pod.end()
    assert [pod.failures for pod in pods] == [[], [], []]
    assert users.sql("SELECT count(*) FROM written") == str(sum(pod.written for pod in pods)), "a write was lost"
    assert [pod.login.user for pod in pods] == ["app", "app_b", "app"]


def test_what_was_valid_before_a_rotation_opens_nothing_after_it(users: Postgres) -> None:
    """It is rotated because somebody has it."""
    before = [Login(user, password) for user, password in zip(USERS, passwords(Rotation()), strict=True)]
    assert not any(refused(users, login) for login in before)
    rotation = Rotation()
    for _ in range(3):
        rotation = rotation.next()
        operator(users, rotation)
    assert all(refused(users, login) for login in before)
    assert not refused(users, in_use(rotation))
