"""A system's PostgreSQL over time: which cluster it uses, what was restored beside it, how far a password has moved.

`python -m ops db` writes these keys, one step at a time, and deploys after each; a person who deploys otherwise (Argo
CD, `pulumi up`) makes the same steps by hand. Every step is safe to stay at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from stacks.schema.types import Model, Name, Problem, Text, duplicates

Phase = Literal["prepare", "switch", "done"]


def _time(text: str) -> str:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a time: write it as 2026-01-31T12:00:00Z") from None
    if time.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone: write it as 2026-01-31T12:00:00Z")
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Time = Annotated[str, AfterValidator(_time)]


class Restored(Model):
    """A cluster made from the backups of another, as that was at a time (RFC 3339, given back in UTC)."""

    name: Name
    source: Name
    to: Time


class Rotation(Model):
    """The hand-over of the password: the `number`-th, and how far it is.

    `prepare`: the user that the applications do not use has a new password. `switch`: they use that user. `done`: the
    user that they used has a new password too, so that the old one opens nothing any more.
    """

    number: Annotated[int, Field(ge=0)] = 0
    phase: Phase = "done"

    @property
    def active(self) -> int:
        """Which of the two users the applications use: 0 is the owner, 1 the second."""
        return (self.number - 1 if self.phase == "prepare" else self.number) % 2

    def generation(self, user: int) -> str:
        """What tells a user's present password from its earlier ones: "" for the first."""
        if user == self.number % 2:
            return f"r{self.number}" if self.number else ""
        if self.phase == "done":
            return f"r{self.number}-retired" if self.number else ""
        return f"r{self.number - 1}" if self.number > 1 else ""

    def next(self) -> Rotation:
        """One step on; after `done` the next hand-over begins."""
        if self.phase == "done":
            return Rotation(number=self.number + 1, phase="prepare")
        return Rotation(number=self.number, phase="switch" if self.phase == "prepare" else "done")


class Replication(Model):
    """A copy of the cluster in another region that follows it by its backups' bucket.

    `local` is this environment's cluster in the pair, `primary` the one that writes; the two are equal where this one
    writes. `endpoint` and `bucket` are where the other one archives. `token` is what the other printed when it was
    demoted: with it, this one takes over without losing a transaction, and without it, it does not start to write.
    """

    local: Name
    primary: Name
    other: Name
    bucket: Text
    endpoint: Text | None = None
    token: Text | None = None

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """The primary is one of the pair, and the pair has two members."""
        local, other, primary = data.get("local"), data.get("other"), data.get("primary")
        if local is not None and local == other:
            yield Problem(("other",), f"{other!r} is this cluster itself; name the one in the other region", other)
        if primary is not None and primary not in (local, other):
            yield Problem(("primary",), f"{primary!r} is neither {local!r} (local) nor {other!r} (other)", primary)


class DatabaseState(Model):
    """`active` is the cluster that the applications use; `restored` are those that were made from backups."""

    original: Name = "postgresql-cluster"
    keep_original: bool = True
    active: Name = "postgresql-cluster"
    restored: Sequence[Restored] = ()
    rotation: Rotation = Rotation()
    replication: Replication | None = None

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """The active cluster is there, and each was restored from one that has, or had, backups."""
        restored = data.get("restored")
        for problem in duplicates(restored, "name", "cluster"):
            yield problem._replace(path=("restored", *problem.path))
        original = data.get("original", cls.model_fields["original"].default)
        names = [one.get("name") for one in restored or () if isinstance(one, Mapping)] if _is_list(restored) else []
        if original in names:
            yield Problem(("restored",), f"{original!r} is the original cluster; give the restored one another name")
        kept = [original] if data.get("keep_original", True) is not False else []
        active = data.get("active", cls.model_fields["active"].default)
        if isinstance(active, str) and active not in (*kept, *names):
            allowed = ", ".join(str(name) for name in (*kept, *names)) or "none, since the original is not kept"
            yield Problem(("active",), f"{active!r} is no cluster of this database; allowed: {allowed}", active)

    def credentials(self, first: str, second: str) -> tuple[str, str]:
        """The names of both users' present passwords: each new one is another credential, and the old one goes."""
        generations = (self.rotation.generation(user) for user in (0, 1))
        one, other = ("-".join(filter(None, pair)) for pair in zip((first, second), generations, strict=True))
        return one, other

    @property
    def clusters(self) -> tuple[str, ...]:
        """The names of all clusters that are to be there."""
        return (*((self.original,) if self.keep_original else ()), *(one.name for one in self.restored))


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))
