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
from dataclasses import replace

from components.traffic.release import Exposure, Release, pods_needed
from ops.releases.state import Action, Move, Phase, Promote, Rollout, Scale, Verdict, World, serving, started


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
    if not serving(rollout, world):
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
    return Move(started(world)) if world.stable.available else None


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
