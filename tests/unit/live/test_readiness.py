"""Whether an object is ready: for workloads by the rules of `kubectl rollout status`, else by `pulumi.com/waitFor`."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.live.readiness import Readiness, readiness
from tests.unit.properties import examples


def live(kind: str, spec: dict[str, Any], generation: int = 1, **status: Any) -> dict[str, Any]:
    metadata = {"name": "x", "namespace": "shop", "generation": generation}
    return {"kind": kind, "metadata": metadata, "spec": spec, "status": {"observedGeneration": 1, **status}}


def deployment(wanted: int | None = 2, generation: int = 1, /, **status: Any) -> dict[str, Any]:
    return live("Deployment", {} if wanted is None else {"replicas": wanted}, generation, **status)


def stateful_set(wanted: int = 2, /, **status: Any) -> dict[str, Any]:
    return live("StatefulSet", {"replicas": wanted}, **status)


def daemon_set(**status: Any) -> dict[str, Any]:
    return live("DaemonSet", {}, **status)


def job(spec: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    return live("Job", spec or {}, **status)


def waiting(condition: str, **status: Any) -> dict[str, Any]:
    metadata = {"name": "x", "generation": 2, "annotations": {"pulumi.com/waitFor": condition}}
    return {"kind": "Cluster", "metadata": metadata, "status": status}


def conditions(**found: str) -> list[dict[str, str]]:
    return [{"type": name, "status": status, "message": f"{name} says so"} for name, status in found.items()]


ALL = {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}
REVISIONS = {"currentRevision": "b", "updateRevision": "b"}
UPDATING = {"currentRevision": "a", "updateRevision": "b"}

READY = {
    "deployment: all replicas are new and available": deployment(**ALL),
    "deployment: one replica, as the API's default is": deployment(
        None, replicas=1, updatedReplicas=1, availableReplicas=1
    ),
    "deployment: scaled to none": deployment(0),
    "deployment: a failure that is over": deployment(**ALL, conditions=conditions(ReplicaFailure="False")),
    "stateful set: all ready": stateful_set(readyReplicas=2, updatedReplicas=2, **REVISIONS),
    "stateful set: scaled to none": stateful_set(0, **REVISIONS),
    "daemon set: on every node": daemon_set(desiredNumberScheduled=3, updatedNumberScheduled=3, numberAvailable=3),
    "daemon set: no node for it": daemon_set(desiredNumberScheduled=0),
    "job: done": job(succeeded=1),
    "job: all completions done": job({"completions": 3}, succeeded=3),
    "waits for a condition that is met": waiting("condition=Ready", conditions=conditions(Ready="True")),
    "waits for a condition to be false": waiting("condition=Stalled=False", conditions=conditions(Stalled="False")),
    "waits for a condition that is met for this version": waiting(
        "condition=Ready", conditions=[{"type": "Ready", "status": "True", "observedGeneration": 2}]
    ),
    "waits for a condition with a generation of its own": waiting(
        "condition=Ready",
        conditions=[{"type": "Ready", "status": "True", "observedGeneration": 2}],
        observedGeneration=1,
    ),
    "waits for a field of this version": waiting("jsonpath={.status.state}=Ready", state="Ready", observedGeneration=2),
    "waits for a field": waiting("jsonpath={.status.state}=Ready", state="Ready"),
    "waits for a field further down": waiting("jsonpath={.status.a.b}=3", a={"b": 3}),
}
NOT_READY = {
    "deployment: never seen by its controller": {
        "kind": "Deployment",
        "metadata": {"name": "x", "generation": 1},
        "spec": {"replicas": 1},
    },
    "deployment: the last change was not seen yet": deployment(2, 2, **ALL),
    "deployment: new pods are not available yet": deployment(replicas=2, updatedReplicas=2, availableReplicas=1),
    "deployment: old pods are available, new ones are not made": deployment(
        replicas=2, updatedReplicas=0, availableReplicas=2
    ),
    "deployment: an old pod is still there": deployment(replicas=3, updatedReplicas=2, availableReplicas=2),
    "deployment: the quota refuses its pods": deployment(conditions=conditions(ReplicaFailure="True")),
    "stateful set: never seen by its controller": live("StatefulSet", {"replicas": 1}, generation=2),
    "stateful set: one is missing": stateful_set(readyReplicas=1, updatedReplicas=1, **REVISIONS),
    "stateful set: all are ready, one is old": stateful_set(readyReplicas=2, updatedReplicas=1, **UPDATING),
    "daemon set: missing on a node": daemon_set(desiredNumberScheduled=3, updatedNumberScheduled=3, numberAvailable=2),
    "daemon set: all are available, some are old": daemon_set(
        desiredNumberScheduled=3, updatedNumberScheduled=1, numberAvailable=3
    ),
    "job: runs": job(active=1),
    "job: some completions are missing": job({"completions": 3}, succeeded=2),
    "job: failed": job(conditions=conditions(Failed="True")),
    "waits for a condition that is not there": waiting("condition=Ready"),
    "waits for a condition that is false": waiting("condition=Ready", conditions=conditions(Ready="False")),
    "waits for another condition": waiting("condition=Ready", conditions=conditions(Initialized="True")),
    "waits for a condition that was met by an older version": waiting(
        "condition=Ready", conditions=[{"type": "Ready", "status": "True", "observedGeneration": 1}]
    ),
    "waits for a condition in a status of an older version": waiting(
        "condition=Ready", conditions=conditions(Ready="True"), observedGeneration=1
    ),
    "waits for a field in a status of an older version": waiting(
        "jsonpath={.status.state}=Ready", state="Ready", observedGeneration=1
    ),
    "waits for a field that is not there": waiting("jsonpath={.status.state}=Ready"),
    "waits for a field of another value": waiting("jsonpath={.status.state}=Ready", state="Bootstrap"),
    "waits for a field below a text": waiting("jsonpath={.status.state.deep}=Ready", state="Ready"),
}


@pytest.mark.parametrize("found", READY.values(), ids=READY.keys())
def test_what_is_ready_is_not_waited_for(found: dict[str, Any]) -> None:
    """`make up` would run into its timeout although everything runs."""
    state = readiness(found)
    assert state is not None
    assert state.done, state


@pytest.mark.parametrize("found", NOT_READY.values(), ids=NOT_READY.keys())
def test_what_is_not_ready_is_waited_for(found: dict[str, Any]) -> None:
    """`make up` would report success while the old version still serves."""
    state = readiness(found)
    assert state is not None
    assert not state.done, state


@pytest.mark.parametrize("kind", ["ConfigMap", "Service", "Namespace", "NetworkPolicy"])
def test_what_has_no_readiness_is_not_waited_for(kind: str) -> None:
    """A ConfigMap is what it is as soon as it is there."""
    assert readiness({"kind": kind, "metadata": {"name": "x"}}) is None


@pytest.mark.parametrize(("minimum", "wanted"), [(0, 2), (1, 2), (3, 3)])
def test_an_autoscaled_deployment_is_waited_for_up_to_the_autoscalers_minimum(minimum: int, wanted: int) -> None:
    """A new Deployment has one replica until its autoscaler has looked: not what was asked for."""
    state = readiness(deployment(**ALL), minimum)
    assert state == Readiness(2, wanted)
    assert state.done is (wanted == 2)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (deployment(conditions=conditions(ReplicaFailure="True")), "ReplicaFailure says so"),
        (deployment(replicas=5, updatedReplicas=2, availableReplicas=2), "3 old pods are still there"),
        (job(conditions=conditions(Failed="True")), "Failed says so"),
        (deployment(2, 2, **ALL), "not yet seen by its controller"),
        (waiting("condition=Ready", conditions=conditions(Ready="False")), "waits for condition=Ready, is Ready=False"),
        (
            waiting("condition=Ready", conditions=conditions(Ready="True"), observedGeneration=1),
            "waits for condition=Ready, is Ready=True of an older version",
        ),
        (waiting("jsonpath={.status.state}=Ready"), "waits for jsonpath={.status.state}=Ready, is without status"),
    ],
)
def test_what_is_not_ready_says_why(found: dict[str, Any], reason: str) -> None:
    """`0 of 1` alone sends a person to kubectl."""
    state = readiness(found)
    assert state is not None
    assert state.reason == reason


@pytest.mark.parametrize("condition", ["Ready", "jsonpath=.status.x=1", "jsonpath={.status.x}"])
def test_a_wait_in_an_unknown_notation_is_refused_and_not_passed_over(condition: str) -> None:
    """Ignored, it would count as ready at once."""
    with pytest.raises(ValueError, match=r"x: pulumi\.com/waitFor"):
        readiness(waiting(condition))


@given(*(st.integers(0, 4) for _ in range(4)))
@examples(200)
def test_a_deployment_is_done_exactly_when_kubectl_says_so(
    wanted: int, replicas: int, updated: int, available: int
) -> None:
    """Kubectl's three conditions (polymorphichelpers/rollout_status.go), for as many replicas as are wanted."""
    state = readiness(deployment(wanted, replicas=replicas, updatedReplicas=updated, availableReplicas=available))
    assert state is not None
    assert state.done is (updated >= wanted and replicas <= updated and available >= min(updated, wanted))
