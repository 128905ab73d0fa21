"""The simulated nodes look like nodes of a cloud."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox import NodePool, SandboxError
from sandbox.nodes import ready, surplus


def test_three_nodes_stand_in_three_zones_of_one_region() -> None:
    labels = [node["metadata"]["labels"] for node in NodePool().manifests()]
    zones = [each["topology.kubernetes.io/zone"] for each in labels]
    assert zones == ["eu-central-1a", "eu-central-1b", "eu-central-1c"], "spread constraints need every zone"
    assert {each["topology.kubernetes.io/region"] for each in labels} == {"eu-central-1"}


def test_a_node_has_every_label_that_scheduling_rules_use() -> None:
    [node] = NodePool(nodes=1).manifests()
    wanted = {"kubernetes.io/hostname", "kubernetes.io/os", "kubernetes.io/arch", "node.kubernetes.io/instance-type"}
    assert wanted <= node["metadata"]["labels"].keys()
    assert node["metadata"]["annotations"] == {"kwok.x-k8s.io/node": "fake"}, "kwok would not play its kubelet"
    assert "taints" not in node.get("spec", {}), "pods without a toleration would stay Pending"


def test_a_node_offers_ephemeral_storage() -> None:
    [node] = NodePool(nodes=1, cpu="8", memory="32Gi").statuses()
    amounts = {"cpu": "8", "memory": "32Gi", "ephemeral-storage": "100Gi", "pods": "110"}
    assert node["status"] == {"capacity": amounts, "allocatable": amounts}, "a pod that asks for it would stay Pending"


def test_nodes_beyond_the_zones_take_turns() -> None:
    manifests = NodePool(nodes=5, zones=2).manifests()
    zones = [node["metadata"]["labels"]["topology.kubernetes.io/zone"][-1] for node in manifests]
    assert zones == ["a", "b", "a", "b", "a"]


def test_a_smaller_pool_gives_up_the_last_nodes() -> None:
    present = NodePool(nodes=11).manifests()
    assert surplus(NodePool(nodes=9), present) == ["node-10", "node-11"]


def test_a_node_without_a_status_is_not_ready() -> None:
    conditions = [{"type": "Ready", "status": "True"}]
    unready: dict[str, Any] = {"metadata": {"name": "a"}}
    assert ready([unready, {"metadata": {"name": "b"}, "status": {"conditions": conditions}}]) == ["b"]


@pytest.mark.parametrize(("nodes", "zones"), [(0, 3), (3, 0), (3, 27)])
def test_impossible_numbers_are_refused_before_anything_starts(nodes: int, zones: int) -> None:
    with pytest.raises(SandboxError, match=r"nodes?|zones"):
        NodePool(nodes=nodes, zones=zones)
