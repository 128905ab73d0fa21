"""What PostgreSQL reads of a tier and of an environment's file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from components.kubernetes.quantity import Bytes
from components.stores.base import PodFigures
from components.stores.postgres.parameters import PostgresParameters


class DatabaseFigures(PodFigures, Protocol):
    """What a tier says of it; `retention_days` is how far back base backups and WAL reach, `recovery_point` how many
    seconds of writes may be lost with the cluster (None: nothing is promised)."""

    @property
    def instances(self) -> int: ...
    @property
    def wal_storage(self) -> Bytes: ...
    @property
    def poolers(self) -> int: ...
    @property
    def retention_days(self) -> int: ...
    @property
    def wal_parallel(self) -> int: ...
    @property
    def recovery_point(self) -> int | None: ...
    @property
    def volume_snapshots(self) -> str | None: ...
    @property
    def parameters(self) -> PostgresParameters: ...


class Restored(Protocol):
    """A cluster `name` made from the backups of `source`, as that was at the time `to` (RFC 3339)."""

    @property
    def name(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def to(self) -> str: ...


class Rotation(Protocol):
    """The hand-over of the password: `active` is the user that applications use, 0 or 1."""

    @property
    def active(self) -> int: ...


class Pair(Protocol):
    """A copy of the cluster in another region."""

    @property
    def local(self) -> str: ...
    @property
    def primary(self) -> str: ...
    @property
    def other(self) -> str: ...
    @property
    def bucket(self) -> str: ...
    @property
    def endpoint(self) -> str | None: ...
    @property
    def token(self) -> str | None: ...


class DatabaseState(Protocol):
    """Which cluster the system uses, what was restored beside it, and how far a password has moved."""

    @property
    def active(self) -> str: ...
    @property
    def clusters(self) -> Sequence[str]: ...
    @property
    def restored(self) -> Sequence[Restored]: ...
    @property
    def rotation(self) -> Rotation: ...
    @property
    def replication(self) -> Pair | None: ...

    def credentials(self, first: str, second: str) -> tuple[str, str]:
        """The names of both users' present passwords."""
        ...
