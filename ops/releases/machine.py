"""The state machine of a release, without any cluster: from what is seen, the one next thing to do.

Each call gives one action, made so that any of them may be the last one for a while: whoever runs the command next sees
what is, and goes on. What it keeps to, whatever happens:

1. The weights add up to 100: the candidate's is stored, stable gets the rest.
2. Capacity comes before traffic: no exposure is raised unless the candidate has the ready pods for it.
3. Taking traffic back needs nothing but a stable version with a ready pod: no metric, no candidate.
4. A metric that is missing is a failed check.
5. What is left behind in the end is nothing: no weight, no special route, no pod of the candidate.
6. What has been read may be outdated: each write holds only for the very object that was read (resourceVersion), and a
   release marks the candidate's Deployment before it gives it traffic, so that no earlier decision can still scale it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from components.routing.release import Exposure, Release, pods_needed
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


_EXPOSED = (Phase.PROGRESSING, Phase.WAITING, Phase.PROMOTING)


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
        return stages[min(self.stage, len(stages) - 1)] if self.phase in _EXPOSED else NOTHING


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


def start(rollout: Rollout, world: World) -> Rollout:
    """Begin to release what is declared, or go on with it. Raises NothingToDoError if stable has it already."""
    if rollout.phase is not Phase.IDLE:
        return rollout
    if world.candidate.revision == world.stable.revision:
        raise NothingToDoError("the stable version is what is declared: nothing to release")
    return _started(world)


def promote(rollout: Rollout, world: World) -> Rollout:
    """Make the candidate stable now, without any further check. Raises RefusedError where it serves nobody yet."""
    if rollout.phase in (Phase.PROMOTING, Phase.FINISHING):
        return rollout
    if rollout.phase is Phase.IDLE and world.candidate.revision == world.stable.revision:
        raise NothingToDoError("the stable version is what is declared: it has been promoted")
    if rollout.phase not in _EXPOSED:
        raise RefusedError(f"the release is {rollout.phase}: only a candidate that serves already can be promoted")
    if not _serving(rollout, world):
        raise RefusedError(
            "the candidate has no ready pod of the version that is being released: it cannot be promoted"
        )
    return replace(rollout, phase=Phase.PROMOTING, since=world.now)


def abort(rollout: Rollout, world: World, reason: str = "aborted by hand") -> Rollout:
    """Give all traffic back to stable. Raises RefusedError if the candidate is becoming it, or it has no pod."""
    if rollout.phase in (Phase.IDLE, Phase.ABORTING):
        raise NothingToDoError("no release is going on: all traffic is on the stable version")
    if rollout.phase in (Phase.PROMOTING, Phase.FINISHING):
        raise RefusedError("the candidate is becoming the stable version: release the one before it to go back")
    if world.stable.available < 1:
        raise RefusedError("the stable version has no ready pod: the traffic stays where it is")
    return replace(rollout, phase=Phase.ABORTING, reason=reason, since=world.now)


def due(rollout: Rollout, world: World, release: Release) -> bool:
    """Whether the next step wants a verdict."""
    rested = world.now - rollout.since >= release.interval
    if rollout.phase is Phase.STARTING:
        marked = world.candidate.fence == rollout.started
        return marked and _can_carry(release.stages[0], world) and (rested or not rollout.failures)
    return rollout.phase in (Phase.PROGRESSING, Phase.WAITING) and rested


def step(rollout: Rollout, world: World, release: Release, verdict: Verdict | None) -> Action | None:
    """The next thing to do, or None to wait. `verdict` is that of the checks, if they were due."""
    return _STEPS[rollout.phase](rollout, world, release, verdict)


def _started(world: World) -> Rollout:
    now = world.now
    return Rollout(phase=Phase.STARTING, revision=world.candidate.revision, started=now, since=now)


def _idle(rollout: Rollout, world: World, _release: Release, _verdict: Verdict | None) -> Action | None:
    if world.candidate.replicas and world.stable.available:
        return Scale(0, rollout.started)
    return None


def _starting(rollout: Rollout, world: World, release: Release, verdict: Verdict | None) -> Action | None:
    if world.candidate.revision == world.stable.revision:
        return Move(replace(rollout, phase=Phase.ABORTING, reason="the stable version is what is declared"))
    if taken_back := _interrupted(rollout, world, release):
        return taken_back
    wanted = max(1, world.stable.replicas)
    if world.candidate.replicas < wanted or world.candidate.fence != rollout.started:
        return Scale(max(wanted, world.candidate.replicas), rollout.started)
    if not _can_carry(release.stages[0], world) or verdict in (None, Verdict.PENDING):
        return None
    if verdict is not Verdict.GOOD:
        return _failed(rollout, world, release, verdict)
    return Move(replace(rollout, phase=Phase.PROGRESSING, stage=0, failures=0, since=world.now))


def _exposed(rollout: Rollout, world: World, release: Release, verdict: Verdict | None) -> Action | None:
    """Traffic is on the candidate: keep up its capacity, check it, and let it go on, wait or be taken back."""
    if taken_back := _interrupted(rollout, world, release):
        return taken_back
    if not _serving(rollout, world):
        return _taken_back(rollout, world, "the candidate has no ready pod")
    if world.candidate.replicas < world.stable.replicas:
        return Scale(world.stable.replicas, rollout.started)
    if verdict in (None, Verdict.PENDING):
        return None
    if verdict is not Verdict.GOOD:
        return _failed(rollout, world, release, verdict)
    return _advanced(rollout, world, release)


def _advanced(rollout: Rollout, world: World, release: Release) -> Action | None:
    """After a good check: the next stage, or the end of them."""
    following = rollout.stage + 1
    if following < len(release.stages):
        if not _can_carry(release.stages[following], world):
            return None
        return Move(replace(rollout, stage=following, since=world.now))
    if release.approval:
        return Move(replace(rollout, phase=Phase.WAITING, since=world.now))
    if any(hook.type == "confirm-promotion" for hook in release.webhooks) and rollout.phase is Phase.PROGRESSING:
        return Move(replace(rollout, phase=Phase.WAITING, since=world.now - release.interval))
    return Move(replace(rollout, phase=Phase.PROMOTING, since=world.now))


def _promoting(rollout: Rollout, world: World, release: Release, _verdict: Verdict | None) -> Action | None:
    if world.candidate.revision != rollout.revision:
        return _restarted(world)
    if world.stable.revision != rollout.revision:
        return Promote(rollout.revision)
    if not world.stable.complete:
        return None
    return Move(replace(rollout, phase=Phase.FINISHING, reason="promoted", since=world.now))


def _ending(rollout: Rollout, world: World, _release: Release, _verdict: Verdict | None) -> Action | None:
    """No traffic any more: let the candidate's pods go, and then forget the rollout."""
    if world.candidate.replicas:
        return Scale(0, rollout.started)
    return Move(Rollout(reason=rollout.reason, revision=rollout.revision, since=world.now))


def _interrupted(rollout: Rollout, world: World, release: Release) -> Action | None:
    if world.candidate.revision != rollout.revision:
        return _restarted(world)
    if world.now - rollout.started > release.maximum_duration:
        return _taken_back(rollout, world, f"not finished within {release.maximum_duration} s")
    return None


def _restarted(world: World) -> Action | None:
    """Another version was declared meanwhile: nobody has checked it, so it begins at nothing."""
    return Move(_started(world)) if world.stable.available else None


def _failed(rollout: Rollout, world: World, release: Release, verdict: Verdict | None) -> Action | None:
    failures = rollout.failures + 1
    if verdict is Verdict.ABORT or failures >= release.failures:
        return _taken_back(rollout, world, f"{failures} of {release.failures} failed checks")
    return Move(replace(rollout, failures=failures, since=world.now))


def _taken_back(rollout: Rollout, world: World, reason: str) -> Action | None:
    # Without a stable pod there is nobody to give the traffic to; once there is, this is the next step.
    if not world.stable.available:
        return None
    return Move(replace(rollout, phase=Phase.ABORTING, reason=reason, since=world.now))


def _serving(rollout: Rollout, world: World) -> bool:
    return world.candidate.revision == rollout.revision and world.candidate.updated > 0


def _can_carry(exposure: Exposure, world: World) -> bool:
    """Whether both versions have the pods for it."""
    enough = pods_needed(exposure, world.stable.replicas)
    return world.candidate.updated >= enough and (exposure.weight == 100 or world.stable.available > 0)


_STEPS: Mapping[Phase, Callable[[Rollout, World, Release, Verdict | None], Action | None]] = {
    Phase.IDLE: _idle,
    Phase.STARTING: _starting,
    Phase.PROGRESSING: _exposed,
    Phase.WAITING: _exposed,
    Phase.PROMOTING: _promoting,
    Phase.FINISHING: _ending,
    Phase.ABORTING: _ending,
}
