"""The hand-over of a password, under a client that writes all the time, on a real PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from components.database.handover import HandOverError, Login, hand_over
from tests.data.conftest import Postgres

A, B = Login(user="app", password="first-a"), Login(user="app_b", password="first-b")
NEW = ("second-b", "second-a")


@pytest.fixture
def users(postgres: Postgres) -> Iterator[Postgres]:
    pytest.importorskip("psycopg")
    postgres.sql(f"CREATE ROLE app LOGIN PASSWORD '{A.password}'")
    postgres.sql(f"CREATE ROLE app_b LOGIN PASSWORD '{B.password}' IN ROLE app")
    postgres.sql("CREATE TABLE written (n int PRIMARY KEY); ALTER TABLE written OWNER TO app")
    yield postgres
    postgres.sql("DROP TABLE written; DROP ROLE app_b; DROP ROLE app")


def connection(postgres: Postgres, login: Login) -> Any:
    import psycopg

    return psycopg.connect(postgres.dsn(login.user, login.password))


class Writer(threading.Thread):
    """An application: writes without a pause, connects anew every few rows, and reads its login each time."""

    def __init__(self, postgres: Postgres) -> None:
        super().__init__()
        self.postgres, self.login, self.ended = postgres, A, threading.Event()
        self.written, self.used, self.failures = 0, set[str](), list[str]()

    def run(self) -> None:
        while not self.ended.is_set():
            try:
                self._session()
            except Exception as error:
                self.failures.append(str(error))
                return

    def _session(self) -> None:
        login = self.login
        with connection(self.postgres, login) as one:
            one.autocommit = True
            for _ in range(5):
                one.execute("INSERT INTO written VALUES (%s)", (self.written,))
                self.written += 1
        self.used.add(login.user)


def change(postgres: Postgres, active: Login, standby: Login, publish: Any, timeout: float = 10) -> Any:
    def connect(login: Login) -> Any:
        return connection(postgres, login)

    return hand_over(active, standby, passwords=NEW, connect=connect, publish=publish, timeout=timeout)


def refused(postgres: Postgres, login: Login) -> bool:
    import psycopg

    try:
        connection(postgres, login).close()
    except psycopg.OperationalError:
        return True
    return False


def test_no_write_and_no_connection_fails_while_the_password_is_handed_over(users: Postgres) -> None:
    """Changing the one user's password fails every connection until the last pod has the new one."""
    writer = Writer(users)
    writer.start()
    try:
        while writer.written < 20 and writer.is_alive():
            pass
        active, standby = change(users, A, B, lambda login: setattr(writer, "login", login))
        reached = writer.written
        while writer.written < reached + 20 and writer.is_alive():
            pass
    finally:
        writer.ended.set()
        writer.join()
    assert writer.failures == []
    assert writer.used == {"app", "app_b"}
    assert users.sql("SELECT count(*) FROM written") == str(writer.written), "a write was lost"
    assert refused(users, A) and refused(users, B), "an old password still opens a connection"
    assert not refused(users, active) and not refused(users, standby)


def test_an_old_session_keeps_the_old_password_alive_and_is_named(users: Postgres) -> None:
    """A pod that was not restarted would lose its next connection."""
    with connection(users, A), pytest.raises(HandOverError, match="1 sessions of app are still open"):
        change(users, A, B, lambda _: None, timeout=0.5)
    assert not refused(users, A)


def test_a_wrong_password_of_the_second_user_changes_nothing(users: Postgres) -> None:
    """Published all the same, every application would be locked out."""
    published: list[Login] = []
    with pytest.raises(HandOverError, match="the password of app_b was not changed"):
        change(users, A, Login(user="app_b", password="wrong"), published.append)
    assert published == []
    assert not refused(users, A) and not refused(users, B)
