"""What a person may ask of a release: each makes another rollout of the present one, for the machine to carry on."""

from __future__ import annotations

from dataclasses import replace

from ops.releases.state import EXPOSED, NothingToDoError, Phase, RefusedError, Rollout, World, serving, started


def start(rollout: Rollout, world: World) -> Rollout:
    """Begin to release what is declared, or go on with it. Raises NothingToDoError if stable has it already."""
    if rollout.phase is not Phase.IDLE:
        return rollout
    if world.candidate.revision == world.stable.revision:
        raise NothingToDoError("the stable version is what is declared: nothing to release")
    return started(world)


def promote(rollout: Rollout, world: World) -> Rollout:
    """Make the candidate stable now, without any further check. Raises RefusedError where it serves nobody yet."""
    if rollout.phase in (Phase.PROMOTING, Phase.FINISHING):
        return rollout
    if rollout.phase is Phase.IDLE and world.candidate.revision == world.stable.revision:
        raise NothingToDoError("the stable version is what is declared: it has been promoted")
    if rollout.phase not in EXPOSED:
        raise RefusedError(f"the release is {rollout.phase}: only a candidate that serves already can be promoted")
    if not serving(rollout, world):
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
