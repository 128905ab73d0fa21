"""What a rollout is and is in, without any cluster: what is remembered, what is seen, and what can be done."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from components.traffic.release import Exposure, Release
from ops.errors import OperationError

NOTHING = Exposure()


class Phase(StrEnum):
    """How far a rollout is. Traffic goes to the candidate in `progressing`, `waiting` and `promoting` alone."""

    IDLE = "idle"
    STARTING = "starting"
    PROGRESSING = "progressing"
    WAITING = "waiting"
    PROMOTING = "promoting"
    FINISHING = "finishing"
    ABORTING = "aborting"


# The phases in which the candidate gets traffic.
EXPOSED = (Phase.PROGRESSING, Phase.WAITING, Phase.PROMOTING)


class Verdict(StrEnum):
    """What a check says. `bad` is also every check that could not be made; `pending` one that somebody has to allow."""

    GOOD = "good"
    BAD = "bad"
    PENDING = "pending"
    ABORT = "abort"


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """What is remembered between two steps, on the object that holds the route. Times in seconds since the epoch.

    `revision` is the candidate's that is being released, `started` tells one rollout from the next, `since` is when its
    `stage` or its last check was, `reason` how the last one ended.
    """

    phase: Phase = Phase.IDLE
    revision: str = ""
    stage: int = 0
    failures: int = 0
    started: float = 0
    since: float = 0
    reason: str = ""

    def exposure(self, release: Release) -> Exposure:
        """What the candidate gets now."""
        stages = release.stages
        return stages[min(self.stage, len(stages) - 1)] if self.phase in EXPOSED else NOTHING


@dataclass(frozen=True, kw_only=True)
class Track:
    """One of the two Deployments: the pods that it is to have, those that are `available`, and of these the ones that
    are `updated` to its `revision`. `fence` is the mark of the rollout that scaled it last."""

    revision: str
    replicas: int
    available: int
    updated: int
    fence: float = 0

    @property
    def complete(self) -> bool:
        """Whether all its pods are there, and none of an earlier revision is needed any more."""
        return min(self.available, self.updated) >= max(1, self.replicas)


@dataclass(frozen=True, kw_only=True)
class World:
    """What is seen of the cluster at `now`."""

    stable: Track
    candidate: Track
    now: float


@dataclass(frozen=True)
class Move:
    """Remember this, and route accordingly, in one write."""

    rollout: Rollout


@dataclass(frozen=True)
class Scale:
    """Give the candidate this many pods, and the mark of the rollout."""

    replicas: int
    fence: float


@dataclass(frozen=True)
class Promote:
    """Make the stable Deployment's pods those of the candidate."""

    revision: str


Action = Move | Scale | Promote


class RefusedError(OperationError):
    """A command that does not fit what is going on."""


class NothingToDoError(Exception):
    """What was asked for is so already; the message says how."""


def started(world: World) -> Rollout:
    """The beginning of a rollout of what is declared now."""
    now = world.now
    return Rollout(phase=Phase.STARTING, revision=world.candidate.revision, started=now, since=now)


def serving(rollout: Rollout, world: World) -> bool:
    """Whether the candidate has a ready pod of the version that is being released."""
    return world.candidate.revision == rollout.revision and world.candidate.updated > 0
