"""A system's PostgreSQL over time: which cluster it uses, what was restored beside it, how far a password has moved.

`python -m ops db` writes these keys, one step at a time, and deploys after each; a person who deploys otherwise (Argo
CD, `pulumi up`) makes the same steps by hand. Every step is safe to stay at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from stacks.schema.types import Model, Name, Problem, Text, duplicates, form

Phase = Literal["prepare", "switch", "done"]


def _time(text: str) -> str:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a time: write it as 2026-01-31T12:00:00Z") from None
    if time.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone: write it as 2026-01-31T12:00:00Z")
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Time = Annotated[
    str, AfterValidator(_time), form("time with its zone", r"[0-9]{4}.*(Z|[+-][0-9]{2}.*)", "2026-01-31T12:00:00Z")
]


class Restored(Model):
    """A cluster made from the backups of another, as that was at a time."""

    name: Name = Field(description="The name of the new cluster.")
    source: Name = Field(description="The cluster whose backups it is made from.")
    to: Time = Field(
        description="The time that it is restored to, in RFC 3339 with a time zone, such as 2026-01-31T12:00:00Z."
    )


class Rotation(Model):
    """The hand-over of the password from one of two users to the other."""

    number: Annotated[int, Field(ge=0)] = Field(0, description="Which hand-over it is; 0 is none so far.")
    phase: Phase = Field(
        "done",
        description="How far it is. `prepare`: the user that the applications do not use has a new password. "
        "`switch`: they use that user. `done`: the user that they used has a new password too, so that the old "
        "one opens nothing any more.",
    )

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
    """A copy of the cluster in another region that follows it by its backups' bucket."""

    local: Name = Field(description="The name of this environment's cluster in the pair.")
    primary: Name = Field(description="The name of the one that writes: `local` where that is this one, else `other`.")
    other: Name = Field(description="The name of the cluster in the other region.")
    bucket: Text = Field(description="The bucket that the other one archives to.")
    endpoint: Text | None = Field(
        None, description="The address of the other's object storage; by default AWS' own of the region."
    )
    token: Text | None = Field(
        None,
        description="What the other printed when it was demoted: with it, this one takes over without losing a "
        "transaction, and without it, it does not start to write.",
    )

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """The primary is one of the pair, and the pair has two members."""
        local, other, primary = data.get("local"), data.get("other"), data.get("primary")
        if local is not None and local == other:
            yield Problem(("other",), f"{other!r} is this cluster itself; name the one in the other region", other)
        if primary is not None and primary not in (local, other):
            yield Problem(("primary",), f"{primary!r} is neither {local!r} (local) nor {other!r} (other)", primary)


class DatabaseState(Model):
    """A system's PostgreSQL over time, as `python -m ops db` and `python -m ops rotate` write it."""

    original: Name = Field("postgresql-cluster", description="The name of the cluster that the system began with.")
    keep_original: bool = Field(True, description="Whether that cluster is still to be there.")
    active: Name = Field(
        "postgresql-cluster", description="The cluster that the applications use: the original, or one of `restored`."
    )
    restored: Sequence[Restored] = Field((), description="The clusters that were made from backups.")
    rotation: Rotation = Field(Rotation(), description="How far the hand-over of the applications' password is.")
    replication: Replication | None = Field(None, description="A copy in another region that follows, or is followed.")

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
