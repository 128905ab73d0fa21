"""Carries a release on, one step after the other, until it has ended; killed anywhere, the next run goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from components.traffic.release import Release
from ops.releases.cluster import ConflictError, Observation
from ops.releases.machine import due, step
from ops.releases.state import Action, Move, Phase, Rollout, Verdict, World

_POLL_SECONDS = 0.5


class Cluster(Protocol):
    """Where the objects of a release are read and written."""

    def observe(self) -> Observation:
        """What is."""

    def act(self, action: Action, seen: Observation) -> None:
        """Do it, or raise ConflictError."""


class Verdicts(Protocol):
    """Who checks the candidate."""

    def verdict(self, rollout: Rollout, release: Release) -> Verdict:
        """What the checks say."""

    def ended(self, release: Release) -> None:
        """The rollout has ended."""


@dataclass(frozen=True)
class Driver:
    """Reads, decides, writes. `tell` is given every observation and what was done about it."""

    cluster: Cluster
    checks: Verdicts
    tell: Callable[[Observation, Action | None], None] = lambda _seen, _action: None

    def command(self, change: Callable[[Rollout, World], Rollout]) -> Rollout:
        """Write what a command of a person makes of the rollout; whoever was quicker is looked at again."""
        while True:
            seen = self.cluster.observe()
            wanted = change(seen.rollout, seen.world)
            try:
                if wanted != seen.rollout:
                    self.cluster.act(Move(wanted), seen)
            except ConflictError:
                continue
            return wanted

    def tick(self) -> bool:
        """One step; returns whether there is anything left to do or to wait for."""
        seen = self.cluster.observe()
        verdict = None
        if due(seen.rollout, seen.world, seen.release):
            verdict = self.checks.verdict(seen.rollout, seen.release)
        action = step(seen.rollout, seen.world, seen.release, verdict)
        if action is not None:
            try:
                self.cluster.act(action, seen)
            except ConflictError:
                return True
        self.tell(seen, action)
        if isinstance(action, Move) and action.rollout.phase is Phase.IDLE:
            self.checks.ended(seen.release)
        return action is not None or seen.rollout.phase is not Phase.IDLE

    def run(self) -> Rollout:
        """Carry on until nothing is left; returns how it ended."""
        while self.tick():
            time.sleep(_POLL_SECONDS)
        return self.cluster.observe().rollout
