"""Fields that somebody else writes: left as they are, even if they are written while an update goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from graph.manifests import Manifest, manifests
from ops.engines.changes import key_of
from ops.engines.ownership import yielding
from ops.engines.recorded import RecordedEngine
from ops.kubectl import ClusterError
from tests.unit.fake_cluster import FakeKubectl
from tests.unit.ops.test_recorded_engine import Progress
from tests.unit.scratch import STACK, Scratch
from tests.unit.stacks.releases import environment

CANARY = {"auth-service": {"strategy": "canary"}}
ROUTE = ("VirtualService", "astrbot", "auth-service")
CANDIDATE = ("Deployment", "astrbot", "auth-service")
STABLE = ("Deployment", "astrbot", "auth-service-primary")


def of(cluster: FakeKubectl, rendered: Sequence[Manifest]) -> RecordedEngine:
    return RecordedEngine(
        kubectl=cluster, environment=STACK, tier="dev", manifests=rendered, progress=Progress(), timeout=0
    )


@pytest.fixture
def declared(scratch: Scratch) -> tuple[Manifest, ...]:
    return manifests(scratch.record(environment({"mesh": "istio"}, CANARY)))


def in_the_middle(cluster: FakeKubectl) -> dict[str, Any]:
    """What a rollout has written by then."""
    weighted = [{"name": "weighted", "route": [{"destination": {"host": "a"}, "weight": 30}]}]
    cluster.state.objects[ROUTE]["spec"]["http"] = weighted
    cluster.state.objects[CANDIDATE]["spec"]["replicas"] = 2
    cluster.state.objects[STABLE]["spec"]["template"] = {"metadata": {}, "spec": {"containers": ["of before"]}}
    return owned(cluster)


def owned(cluster: FakeKubectl) -> dict[str, Any]:
    return {
        "http": cluster.state.objects[ROUTE]["spec"]["http"],
        "replicas": cluster.state.objects[CANDIDATE]["spec"]["replicas"],
        "template": cluster.state.objects[STABLE]["spec"]["template"],
    }


def test_an_update_in_the_middle_of_a_rollout_changes_nothing(declared: tuple[Manifest, ...]) -> None:
    cluster = FakeKubectl()
    of(cluster, declared).deploy()
    before = in_the_middle(cluster)
    changes = of(cluster, declared).deploy()
    assert changes.none, str(changes)
    assert owned(cluster) == before


def test_a_new_version_reaches_the_candidate_alone(declared: tuple[Manifest, ...]) -> None:
    cluster = FakeKubectl()
    of(cluster, declared).deploy()
    before = in_the_middle(cluster)
    template = {"metadata": {}, "spec": {"containers": ["of tomorrow"]}}
    newer = [
        replace(one, body={**one.body, "spec": {**one.body["spec"], "template": template}})
        if one.key in (CANDIDATE, STABLE)
        else one
        for one in declared
    ]
    changes = of(cluster, newer).deploy()
    assert changes.changed == ["Deployment astrbot/auth-service"]
    assert cluster.state.objects[CANDIDATE]["spec"]["template"] == template
    assert owned(cluster) == before


@dataclass(frozen=True)
class Busy(FakeKubectl):
    """A rollout takes a step right before each of the first applies."""

    def _store(self, body: Mapping[str, Any]) -> dict[str, Any]:
        live, stated = self.state.objects.get(key_of(body)), body["metadata"].get("resourceVersion")
        if live and stated is not None and len(self.state.deleted) < 3:
            self.state.deleted.append("a step")
            live["metadata"]["resourceVersion"] += 1
            if key_of(body) == ROUTE:
                live["spec"]["http"] = [{"name": "weighted", "weight": len(self.state.deleted)}]
        if live and stated not in (None, live["metadata"]["resourceVersion"]):
            raise ClusterError("Operation cannot be fulfilled on it: the object has been modified; please apply")
        return super()._store(body)


def test_a_step_made_between_reading_and_applying_is_not_taken_back(declared: tuple[Manifest, ...]) -> None:
    """For a moment the weight would be that of before."""
    routes = [one for one in declared if one.key in (ROUTE,)]
    cluster = Busy()
    of(cluster, routes).deploy()
    newer = [replace(one, body={**one.body, "spec": {**one.body["spec"], "hosts": ["of-tomorrow"]}}) for one in routes]
    of(cluster, newer).deploy()
    assert cluster.state.objects[ROUTE]["spec"]["hosts"] == ["of-tomorrow"]
    assert cluster.state.objects[ROUTE]["spec"]["http"] == [{"name": "weighted", "weight": 3}]


def test_a_field_that_its_owner_has_removed_stays_removed() -> None:
    live = {"metadata": {"resourceVersion": "7"}, "spec": {"a": 1}}
    body = {"metadata": {"name": "x"}, "spec": {"a": 2, "b": {"c": 3, "d": 4}}}
    made = yielding(body, ["spec.b.c", "spec.a"], live)
    assert made == {"metadata": {"name": "x", "resourceVersion": "7"}, "spec": {"a": 1, "b": {"d": 4}}}
    assert yielding(body, ["spec.a"], None) == body


def test_what_a_controller_copied_from_a_member_is_not_pruned(declared: tuple[Manifest, ...]) -> None:
    """Flagger's autoscaler of the stable version has all labels of ours, and would go with the next update."""
    cluster = FakeKubectl()
    of(cluster, declared).deploy()
    label = cluster.state.objects[CANDIDATE]["metadata"]["labels"]
    copied = ("HorizontalPodAutoscaler", "astrbot", "auth-service-copy")
    cluster.state.objects[copied] = {
        "apiVersion": "autoscaling/v2",
        "kind": copied[0],
        "metadata": {
            "name": copied[2],
            "namespace": copied[1],
            "labels": dict(label),
            "resourceVersion": 1,
            "ownerReferences": [{"kind": "Canary", "name": "auth-service", "controller": True}],
        },
    }
    changes = of(cluster, declared).deploy()
    assert changes.none
    assert copied in cluster.state.objects
    removed = [call for call in cluster.state.calls if call[0] == "label"]
    assert removed == [
        (
            "label",
            "HorizontalPodAutoscaler.v2.autoscaling",
            copied[2],
            "--namespace=astrbot",
            "applyset.kubernetes.io/part-of-",
        )
    ]
