"""What a release does next, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components.traffic.release import Exposure, ReleaseWebhook
from ops.releases.cluster import ConflictError
from ops.releases.driver import Driver
from ops.releases.machine import step
from ops.releases.manual import abort, promote, start
from ops.releases.state import Move, NothingToDoError, Phase, Promote, RefusedError, Scale, Verdict
from tests.unit.releases.model import Deployment, Model, release


def begun(model: Model) -> Driver:
    driver = Driver(model, model)
    driver.command(start)
    return driver


def ticks(model: Model, driver: Driver, count: int) -> None:
    for _ in range(count):
        model.pods_come_up()
        model.now += model.release.interval
        driver.tick()


def weights(model: Model) -> list[int]:
    moves = [one.rollout for one in model.acted if isinstance(one, Move)]
    return [one.exposure(model.release).weight for one in moves]


def test_a_good_version_goes_through_every_weight_and_becomes_stable() -> None:
    model = Model()
    ticks(model, begun(model), 20)
    assert weights(model) == [0, 10, 50, 50, 0, 0]
    assert [one for one in model.acted if not isinstance(one, Move)] == [
        Scale(3, 1000.0),
        Promote("v2"),
        Scale(0, 1000.0),
    ]
    assert (model.stable.revision, model.rollout.phase, model.rollout.reason) == ("v2", Phase.IDLE, "promoted")


def test_the_candidate_gets_its_pods_before_it_gets_traffic() -> None:
    """The other way round requests meet a version that is not there."""
    model = Model()
    driver = begun(model)
    for _ in range(5):
        driver.tick()
    assert model.candidate.replicas == 3
    assert not model.rollout.exposure(model.release).any
    model.candidate.ready = model.candidate.fresh = 2
    driver.tick()
    assert model.rollout.exposure(model.release) == Exposure(weight=10)


def test_as_many_failed_checks_as_are_allowed_take_it_back() -> None:
    model = Model()
    driver = begun(model)
    ticks(model, driver, 2)
    model.says = Verdict.BAD
    ticks(model, driver, 1)
    assert (model.rollout.phase, model.rollout.failures) == (Phase.PROGRESSING, 1)
    ticks(model, driver, 10)
    assert (model.stable.revision, model.rollout.phase, model.candidate.replicas) == ("v1", Phase.IDLE, 0)
    assert model.rollout.reason == "2 of 2 failed checks"


def test_without_a_stable_pod_the_traffic_stays_where_it_is_answered() -> None:
    """An abort that sends everything to nothing is an outage of its own making."""
    model = Model()
    driver = begun(model)
    ticks(model, driver, 3)
    exposed = model.rollout.exposure(model.release)
    model.stable.lose(0)
    model.says = Verdict.BAD
    for _ in range(5):
        model.now += 30
        driver.tick()
    assert exposed.any
    assert model.rollout.exposure(model.release) == exposed
    with pytest.raises(RefusedError, match="no ready pod"):
        abort(model.rollout, model.observe().world)
    ticks(model, driver, 5)
    assert not model.rollout.exposure(model.release).any


def test_a_version_declared_in_the_middle_begins_at_nothing() -> None:
    """Nobody has checked it: it must not take over the weight of the one before it."""
    model = Model()
    driver = begun(model)
    ticks(model, driver, 3)
    model.candidate.becomes("v3")
    driver.tick()
    assert (model.rollout.phase, model.rollout.revision) == (Phase.STARTING, "v3")
    assert not model.rollout.exposure(model.release).any


def test_an_approval_is_waited_for_and_checked_meanwhile() -> None:
    model = Model(release=release(approval=True))
    driver = begun(model)
    ticks(model, driver, 12)
    assert model.rollout.phase is Phase.WAITING
    assert model.rollout.exposure(model.release).weight == 50
    driver.command(promote)
    driver.command(promote)
    ticks(model, driver, 6)
    assert (model.stable.revision, model.rollout.phase) == ("v2", Phase.IDLE)


def test_a_gate_of_a_webhook_is_asked_before_the_promotion() -> None:
    hook = ReleaseWebhook(name="board", type="confirm-promotion", url="http://example.test/")
    model = Model(release=release(webhooks=[hook]))
    driver = begun(model)
    ticks(model, driver, 4)
    model.says = Verdict.PENDING
    ticks(model, driver, 6)
    assert model.rollout.phase is Phase.WAITING
    model.says = Verdict.GOOD
    ticks(model, driver, 6)
    assert model.stable.revision == "v2"


def test_commands_say_the_same_when_they_are_given_twice() -> None:
    model = Model()
    driver = begun(model)
    first = model.rollout
    driver.command(start)
    assert model.rollout == first
    ticks(model, driver, 3)
    driver.command(abort)
    with pytest.raises(NothingToDoError):
        driver.command(abort)
    ticks(model, driver, 3)
    with pytest.raises(NothingToDoError):
        driver.command(abort)
    assert model.rollout.reason == "aborted by hand"


def test_nothing_is_released_where_nothing_has_changed() -> None:
    model = Model(candidate=Deployment("v1", 0, 0, 0))
    with pytest.raises(NothingToDoError):
        start(model.rollout, model.observe().world)
    with pytest.raises(NothingToDoError):
        promote(model.rollout, model.observe().world)


@pytest.mark.parametrize("phase", [Phase.STARTING, Phase.ABORTING])
def test_what_serves_nobody_is_not_promoted(phase: Phase) -> None:
    model = Model()
    begun(model)
    with pytest.raises(RefusedError):
        promote(replace(model.rollout, phase=phase), model.observe().world)


@pytest.mark.parametrize("phase", [Phase.PROMOTING, Phase.FINISHING])
def test_what_is_becoming_stable_is_not_aborted(phase: Phase) -> None:
    """Its traffic would go to pods that are being exchanged for it."""
    model = Model()
    begun(model)
    with pytest.raises(RefusedError, match="release the one before it"):
        abort(replace(model.rollout, phase=phase), model.observe().world)


def test_a_release_that_does_not_end_is_taken_back() -> None:
    model = Model(release=release(approval=True, maximum_duration=600))
    driver = begun(model)
    ticks(model, driver, 40)
    assert (model.rollout.phase, model.rollout.reason) == (Phase.IDLE, "not finished within 600 s")


def test_pods_of_an_application_that_ran_before_are_let_go() -> None:
    model = Model(candidate=Deployment("v1", 3, 3, 3))
    action = step(model.rollout, model.observe().world, model.release, None)
    assert action == Scale(0, 0)


def test_a_decision_from_before_the_release_cannot_scale_its_candidate_away() -> None:
    """Of an application that ran before: one command decides to let the idle pods go, and is slow to do so."""
    model = Model(candidate=Deployment("v2", 3, 3, 3))
    seen = model.observe()
    slow = step(seen.rollout, seen.world, seen.release, None)
    assert slow == Scale(0, 0)
    ticks(model, begun(model), 3)
    assert model.rollout.exposure(model.release).any
    with pytest.raises(ConflictError):
        model.act(slow, seen)


def test_blue_green_switches_at_once_and_keeps_the_old_pods() -> None:
    model = Model(release=release(strategy="blue-green", mesh="none", steps=(), checks=3))
    driver = begun(model)
    ticks(model, driver, 3)
    assert model.rollout.exposure(model.release).weight == 100
    assert (model.stable.revision, model.stable.ready) == ("v1", 3)
    driver.command(abort)
    assert model.rollout.exposure(model.release).weight == 0
