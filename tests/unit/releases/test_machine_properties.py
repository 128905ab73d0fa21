"""The invariants of a release over random sequences of events: swinging metrics, crashes, two commands at once."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from components.traffic.release import Exposure, pods_needed
from components.traffic.routes import http_route_rules, virtual_service_rules
from ops.releases.cluster import ConflictError, Observation
from ops.releases.driver import Driver
from ops.releases.machine import due, step
from ops.releases.manual import abort, promote, start
from ops.releases.state import Action, Move, NothingToDoError, Phase, RefusedError, Verdict
from tests.unit.properties import examples
from tests.unit.releases.model import Deployment, Model, release

RELEASES = [
    {},
    {"steps": (100,)},
    {"steps": (5, 20, 60), "headers": {"canary": "true"}, "approval": True},
    {"mirror": True},
    {"strategy": "blue-green", "mesh": "none", "steps": (), "checks": 2},
    {"strategy": "ab", "steps": (), "checks": 2, "headers": {"canary": "true"}, "mesh": "gateway-api"},
]


class Releases(RuleBasedStateMachine):
    """Two drivers that see and act at different times, and everything that may happen between."""

    @initialize(changes=st.sampled_from(RELEASES), adopted=st.booleans())
    def a_release(self, changes: dict[str, Any], adopted: bool) -> None:
        """An application that ran before it was released so has its pods where the candidate's are to be."""
        self.model = Model(release=release(**changes))
        if adopted:
            self.model.candidate = Deployment("v2", 3, 3, 3)
        self.pending: dict[int, tuple[Observation, Action]] = {}

    @rule(driver=st.integers(0, 1))
    def looks(self, driver: int) -> None:
        seen = self.model.observe()
        verdict = self.model.says if due(seen.rollout, seen.world, seen.release) else None
        action = step(seen.rollout, seen.world, seen.release, verdict)
        self.pending.pop(driver, None)
        if action is not None:
            self.pending[driver] = (seen, action)

    @rule(driver=st.integers(0, 1))
    def acts(self, driver: int) -> None:
        """On what it saw, however long ago that was."""
        if driver in self.pending:
            seen, action = self.pending.pop(driver)
            self.carries_out(action, seen)

    @rule(driver=st.integers(0, 1), times=st.integers(1, 8), healthy=st.booleans())
    def goes_on(self, driver: int, times: int, healthy: bool) -> None:
        for _ in range(times):
            if healthy:
                self.model.pods_come_up()
            self.model.now += self.model.release.interval
            self.looks(driver)
            self.acts(driver)

    @rule(driver=st.integers(0, 1))
    def is_killed(self, driver: int) -> None:
        self.pending.pop(driver, None)

    @rule(command=st.sampled_from([start, start, promote, abort]), driver=st.integers(0, 1), at_once=st.booleans())
    def somebody_commands(self, command: Any, driver: int, at_once: bool) -> None:
        seen = self.model.observe()
        try:
            wanted = command(seen.rollout, seen.world)
        except (RefusedError, NothingToDoError):
            return
        if wanted != seen.rollout and at_once:
            self.carries_out(Move(wanted), seen)
        elif wanted != seen.rollout:
            self.pending[driver] = (seen, Move(wanted))

    @rule(seconds=st.sampled_from([1, 30, 60, 1800]))
    def time_passes(self, seconds: int) -> None:
        self.model.now += seconds

    @rule()
    def pods_come_up(self) -> None:
        self.model.pods_come_up()

    @rule(left=st.integers(0, 2))
    def candidate_pods_crash(self, left: int) -> None:
        self.model.candidate.lose(left)

    @rule(left=st.sampled_from([0, 0, 1, 2]))
    def stable_pods_crash(self, left: int) -> None:
        self.model.stable.lose(left)

    @rule(replicas=st.integers(1, 6))
    def the_autoscaler_scales_stable(self, replicas: int) -> None:
        self.model.stable.replicas = replicas
        self.model.stable.lose(replicas)

    @rule(says=st.sampled_from(list(Verdict)))
    def metrics_swing(self, says: Verdict) -> None:
        self.model.says = says

    @rule(revision=st.sampled_from(["v1", "v2", "v3"]))
    def another_version_is_declared(self, revision: str) -> None:
        if self.model.candidate.revision != revision:
            self.model.candidate.becomes(revision)

    @precondition(lambda self: self.model.stable.ready > 0)
    @rule()
    def an_abort_needs_nothing_but_stable(self) -> None:
        """Whatever the candidate and the metrics are: after the write the traffic is back, or it never left."""
        model = self.model
        model.candidate.lose(0)
        model.says = Verdict.BAD
        try:
            Driver(model, model).command(abort)
        except NothingToDoError:
            assert model.rollout.phase in (Phase.IDLE, Phase.ABORTING)
        except RefusedError:
            assert model.rollout.phase in (Phase.PROMOTING, Phase.FINISHING)
            return
        assert not model.rollout.exposure(model.release).any

    @invariant()
    def weights_add_up_to_100(self) -> None:
        exposure = self.model.rollout.exposure(self.model.release)
        for rule_ in virtual_service_rules("api", 8000, self.model.release, exposure, "v2"):
            assert sum(one["weight"] for one in rule_["route"]) == 100
        for rule_ in http_route_rules("api", 8000, self.model.release, exposure, "v2"):
            assert sum(one["weight"] for one in rule_["backendRefs"]) == 100

    @invariant()
    def no_decision_of_earlier_takes_the_pods_from_under_the_traffic(self) -> None:
        exposure = self.model.rollout.exposure(self.model.release)
        assert not exposure.any or self.model.candidate.replicas > 0

    def carries_out(self, action: Action, seen: Observation) -> None:
        before = self.model.rollout.exposure(self.model.release)
        try:
            self.model.act(action, seen)
        except ConflictError:
            return
        if isinstance(action, Move):
            self.no_traffic_without_capacity(before, action.rollout.exposure(self.model.release), seen)

    def no_traffic_without_capacity(self, before: Exposure, after: Exposure, seen: Observation) -> None:
        """Of what can be known at the moment of the decision."""
        candidate, stable = seen.world.candidate, seen.world.stable
        if after.weight > before.weight or (after.any and not before.any):
            assert candidate.updated >= pods_needed(after, stable.replicas)
            assert candidate.revision == self.model.rollout.revision
        if before.any and not after.any:
            assert stable.available > 0
        if self.model.rollout.phase is Phase.FINISHING:
            assert stable.revision == self.model.rollout.revision
            assert stable.updated >= stable.replicas

    def teardown(self) -> None:
        """Left alone with healthy pods, every release ends, and leaves nothing behind."""
        if not hasattr(self, "model"):
            return
        driver, model = Driver(self.model, self.model), self.model
        if model.says is Verdict.PENDING or model.release.approval:
            model.says = Verdict.BAD
        for _ in range(200):
            model.pods_come_up()
            model.now += model.release.interval
            if not driver.tick():
                break
        assert model.rollout.phase is Phase.IDLE
        assert not model.rollout.exposure(model.release).any
        assert model.candidate.replicas == 0
        assert model.stable.ready == model.stable.replicas


Releases.TestCase.settings = settings(examples(400), stateful_step_count=50)
TestReleases = Releases.TestCase
