"""Who says how many pods there are: for every workload with an autoscaler of any kind, the autoscaler."""

from __future__ import annotations

import pytest

from graph.manifests import for_argo_cd, manifests
from graph.model import Graph, Resource
from paths import PROJECT
from tests.unit.recordings import ENVIRONMENTS, recorded, with_systems
from tests.unit.scratch import Scratch, as_text
from tests.unit.stacks import releases, shapes

_REPLICAS = "spec.replicas"
_BY_METRICS = {
    "name": "queue",
    "kind": "stateful",
    "replicas": 3,
    "cpu": "1",
    "memory": "1Gi",
    "storage": {"path": "/data", "size": "1Gi", "backup": "none"},
    "autoscaling": {"maximum": 6, "pods": [{"name": "queue_length", "average_value": "10"}]},
}
SCRATCH = {
    "services of every shape": shapes.environment("prod"),
    "without KEDA": shapes.environment("dev"),
    "a StatefulSet by metrics": shapes.environment("prod", _BY_METRICS),
    "a StatefulSet by CPU": shapes.environment("dev", {**_BY_METRICS, "autoscaling": {"maximum": 4}}),
    "releases by Flagger": releases.everything("istio", "flagger", "prod"),
    "releases by hand": releases.everything("gateway-api", "none", "prod"),
}


def _workloads(graph: Graph) -> dict[tuple[str, str, str], Resource]:
    """Deployments and StatefulSets by kind, namespace and name."""
    return {one.object_name: one for one in graph if one.object_name[0] in ("Deployment", "StatefulSet")}


def _minimums(graph: Graph) -> dict[tuple[str, str, str], int]:
    """What an autoscaler of any kind keeps its target at, by the target."""
    fields = {"HorizontalPodAutoscaler": "minReplicas", "ScaledObject": "minReplicaCount"}
    found = {}
    for one in graph:
        kind, namespace, _ = one.object_name
        if kind in fields:
            target = one.inputs["spec"]["scaleTargetRef"]
            found[target["kind"], namespace, target["name"]] = int(one.inputs["spec"][fields[kind]])
    return found


def _assert_owned(graph: Graph) -> None:
    workloads, minimums = _workloads(graph), _minimums(graph)
    assert minimums.keys() <= workloads.keys()
    for name, one in workloads.items():
        owned = _REPLICAS in one.options.get("ignore_changes", ())
        if name in minimums:
            assert owned, f"{name}: every update would undo what its autoscaler did"
            assert one.inputs["spec"]["replicas"] == minimums[name], name
        else:
            # Of a release's candidate whoever releases it decides, and it begins with none.
            assert not owned or one.inputs["spec"]["replicas"] == 0, f"{name}: nobody would keep its number"
            assert "replicas" in one.inputs["spec"], name


@pytest.mark.parametrize("stack", ENVIRONMENTS)
def test_an_autoscaled_workload_declares_its_replicas_for_the_beginning_alone(stack: str) -> None:
    """Declared outright every update takes the autoscaler's work back; left out, the first one after a fixed number
    takes that away, and one pod is left."""
    _assert_owned(recorded(stack))
    assert _minimums(recorded(stack))


@pytest.mark.parametrize("text", SCRATCH.values(), ids=SCRATCH.keys())
def test_so_does_one_that_scales_by_anything_else_or_is_released(scratch: Scratch, text: str) -> None:
    """Autoscalers by metrics, of StatefulSets and of released services are written elsewhere than the common one."""
    _assert_owned(scratch.record(text))


def test_the_kinds_of_autoscalers_and_of_targets_are_all_among_them(scratch: Scratch) -> None:
    """A matrix that lacks a kind passes for one that has it."""
    graphs = [scratch.record(text) for text in SCRATCH.values()]
    kinds = {one.object_name[0] for graph in graphs for one in graph}
    assert {"HorizontalPodAutoscaler", "ScaledObject", "Canary"} <= kinds
    assert {kind for graph in graphs for kind, _, _ in _minimums(graph)} == {"Deployment", "StatefulSet"}


@pytest.mark.parametrize("stack", ENVIRONMENTS)
@pytest.mark.parametrize("more", [4, 6, 10, 12])
def test_a_service_that_gets_more_replicas_than_its_autoscaler_allowed_keeps_it(
    scratch: Scratch, stack: str, more: int
) -> None:
    """One that went in the same update would take the number down to its old maximum, and nobody up again."""
    document = with_systems(
        stack, telemetry=False, monitoring="basic", orders={"sizes": {"rust-app": {"replicas": more}}}
    )
    before, after = recorded(stack), scratch.record(as_text(document))
    scalers = [
        next(one for one in graph if one.object_name == ("HorizontalPodAutoscaler", "orders", "rust-app"))
        for graph in (before, after)
    ]
    assert scalers[0].urn.partition("::")[2].partition("::")[2] == scalers[1].urn.partition("::")[2].partition("::")[2]
    spec = scalers[1].inputs["spec"]
    assert spec["minReplicas"] == more < spec["maxReplicas"]
    _assert_owned(after)


def test_a_tier_can_keep_everything_from_scaling(scratch: Scratch) -> None:
    """Where a run is to be repeated exactly nothing may change the number of pods."""
    document = with_systems("dev", "orders")
    document["config"][f"{PROJECT}:overrides"] = {"autoscaling_maximum": 1}
    assert _minimums(scratch.record(as_text(document))) == {}


@pytest.mark.parametrize("text", SCRATCH.values(), ids=SCRATCH.keys())
def test_argo_cd_is_not_given_a_number_that_an_autoscaler_owns(scratch: Scratch, text: str) -> None:
    """It knows no field that is declared for the beginning: it would put it back at every sync."""
    graph = scratch.record(text)
    minimums = _minimums(graph)
    for one in manifests(graph):
        if one.kind in ("Deployment", "StatefulSet"):
            declared = "replicas" in for_argo_cd(one)["spec"]
            assert declared is (one.key not in minimums), one.title
