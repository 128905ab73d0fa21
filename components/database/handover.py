"""The hand-over of a database's password: from one user to another, with no moment at which neither works.

Each user changes its own password, which needs no privilege at all. Works on libpq's connections (psycopg) and on
whatever makes the applications read a new login (`publish`): a Secret of the cluster, or a file in a test.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

_POLL_SECONDS = 0.2


class HandOverError(Exception):
    """Why a hand-over stopped; both users then still work with the passwords that their Secrets have."""


@dataclass(frozen=True, kw_only=True)
class Login:
    """A user of the database and its password."""

    user: str
    password: str


Connect = Callable[[Login], Any]
Publish = Callable[[Login], None]


def hand_over(
    active: Login, standby: Login, *, passwords: tuple[str, str], connect: Connect, publish: Publish, timeout: float
) -> tuple[Login, Login]:
    """Move the applications from `active` to `standby` and give both new `passwords` (standby's, then active's).

    `timeout` in seconds is how long sessions of the old user may take to end. Returns (new active, new standby).
    Raises HandOverError; before `publish` nothing that an application uses has changed, after it both users work.
    """
    fresh, retired = replace(standby, password=passwords[0]), replace(active, password=passwords[1])
    _change(standby, fresh, connect)
    publish(fresh)
    _wait_for_its_last_session(fresh, active.user, connect, timeout)
    _change(active, retired, connect)
    return fresh, retired


def _change(login: Login, changed: Login, connect: Connect) -> None:
    """Let a user set its own password, and prove that the new one opens a connection."""
    try:
        with connect(login) as connection:
            # Hashed on this side: the text of a statement may end in the server's log.
            hashed = connection.pgconn.encrypt_password(
                changed.password.encode(), login.user.encode(), b"scram-sha-256"
            )
            connection.execute(f"ALTER ROLE CURRENT_USER PASSWORD '{hashed.decode()}'")
        with connect(changed) as connection:
            connection.execute("SELECT 1")
    except Exception as error:
        raise HandOverError(f"the password of {login.user} was not changed: {str(error).splitlines()[0]}") from error


def _wait_for_its_last_session(login: Login, user: str, connect: Connect, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    with connect(login) as connection:
        connection.autocommit = True
        while sessions := _sessions(connection, user):
            if time.monotonic() > deadline:
                raise HandOverError(
                    f"{sessions} sessions of {user} are still open after {timeout:g} s: its password stays valid; "
                    "restart what holds them, and run this again"
                )
            time.sleep(_POLL_SECONDS)


def _sessions(connection: Any, user: str) -> int:
    found = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = %s", (user,)).fetchone()
    return int(found[0])
