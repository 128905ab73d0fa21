"""A cluster with one release in it, as far as the state machine sees it; writes hold only for what was read."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field, replace

from components.traffic.release import Metric, Release
from ops.releases.cluster import ConflictError, Observation
from ops.releases.state import Action, Move, Rollout, Scale, Track, Verdict, World

DEPLOYMENT = {"metadata": {"name": "api"}}


def release(**changes: object) -> Release:
    made = Release(
        strategy="canary",
        mesh="istio",
        controller="none",
        steps=(10, 50),
        interval=30,
        failures=2,
        maximum_duration=3600,
        metrics=[Metric(template="error-rate", maximum=5)],
    )
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


@dataclass
class Deployment:
    """How many pods are ready, and how many of these are `fresh`: of the newest revision."""

    revision: str
    replicas: int
    ready: int
    fresh: int
    fence: float = 0
    version: int = 1

    def lose(self, left: int) -> None:
        """All but `left` pods are gone."""
        self.ready, self.fresh = min(self.ready, left), min(self.fresh, left)

    def becomes(self, revision: str) -> None:
        """A rolling update begins."""
        self.revision, self.fresh, self.version = revision, 0, self.version + 1

    def track(self) -> Track:
        return Track(
            revision=self.revision, replicas=self.replicas, available=self.ready, updated=self.fresh, fence=self.fence
        )


@dataclass
class Model:
    """Both Deployments, the route with what is remembered on it, the clock, and what the metrics say."""

    release: Release = field(default_factory=release)
    candidate: Deployment = field(default_factory=lambda: Deployment("v2", 0, 0, 0))
    stable: Deployment = field(default_factory=lambda: Deployment("v1", 3, 3, 3))
    rollout: Rollout = field(default_factory=Rollout)
    version: int = 1
    now: float = 1000.0
    says: Verdict = Verdict.GOOD
    acted: list[Action] = field(default_factory=list)

    def observe(self) -> Observation:
        world = World(stable=self.stable.track(), candidate=self.candidate.track(), now=self.now)
        versions = (self.version, self.candidate.version, self.stable.version)
        route, candidate, stable = ({"metadata": {"name": "api", "resourceVersion": one}} for one in versions)
        return Observation(route, candidate, stable, self.release, 8000, self.rollout, world)

    def act(self, action: Action, seen: Observation) -> None:
        if isinstance(action, Move):
            self._same(seen.route, self.version)
            self.rollout, self.version = action.rollout, self.version + 1
        elif isinstance(action, Scale):
            self._same(seen.candidate, self.candidate.version)
            self.candidate = replace(self.candidate, replicas=action.replicas, fence=action.fence)
            self.candidate.lose(action.replicas)
            self.candidate.version += 1
        else:
            self._same(seen.stable, self.stable.version)
            self.stable.becomes(seen.world.candidate.revision)
        self.acted.append(action)

    def verdict(self, _rollout: Rollout, _release: Release) -> Verdict:
        return self.says

    def ended(self, _release: Release) -> None:
        """Nobody wants to know."""

    def pods_come_up(self) -> None:
        """Everything that is wanted becomes ready."""
        for one in (self.candidate, self.stable):
            one.ready = one.fresh = one.replicas

    @staticmethod
    def _same(read: object, version: int) -> None:
        assert isinstance(read, dict)
        if read["metadata"]["resourceVersion"] != version:
            raise ConflictError
