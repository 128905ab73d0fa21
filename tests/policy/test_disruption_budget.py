"""The rule `disruption-budget`."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi_policy.proxy import UNKNOWN_NUMBER_VALUE

from policy.rules.scaling import disruption_budget
from tests.policy.objects import Props, having, judge, shop, workload
from tests.policy.stack_objects import NAME, assert_exempt, assert_undecided, autoscaler, made


def _budget(**bounds: Any) -> Props:
    return made("PodDisruptionBudget", spec={"selector": {"matchLabels": NAME}, **bounds})


def _blocks(field: str, least: int) -> str:
    return (
        f"PodDisruptionBudget shop/api: spec.{field} allows no disruption of Deployment shop/api at its minimum of "
        f"{least}; allow at least one pod to be unavailable then, or raise the minimum"
    )


def _judge(budget: Props, least: int) -> list[str]:
    return judge(disruption_budget, *shop(), budget, autoscaler(minReplicas=least))


@pytest.mark.parametrize(
    ("bounds", "least"),
    [
        ({"minAvailable": 2}, 3),
        ({"minAvailable": "50%"}, 3),
        ({"minAvailable": "66%"}, 3),
        ({"maxUnavailable": 1}, 1),
        ({"maxUnavailable": "10%"}, 2),
        ({"minAvailable": "1"}, 2),
    ],
)
def test_a_budget_that_lets_one_go_has_no_violation(bounds: Props, least: int) -> None:
    assert _judge(_budget(**bounds), least) == []


@pytest.mark.parametrize(
    ("bounds", "least", "field"),
    [
        ({"minAvailable": 3}, 3, "minAvailable"),
        ({"minAvailable": 4}, 3, "minAvailable"),
        ({"minAvailable": "67%"}, 3, "minAvailable"),
        ({"minAvailable": "50%"}, 1, "minAvailable"),
        ({"minAvailable": "100%"}, 10, "minAvailable"),
        ({"maxUnavailable": 0}, 3, "maxUnavailable"),
        ({"maxUnavailable": "0%"}, 3, "maxUnavailable"),
        ({}, 3, "minAvailable"),
    ],
)
def test_a_budget_that_lets_none_go_is_named(bounds: Props, least: int, field: str) -> None:
    assert _judge(_budget(**bounds), least) == [_blocks(field, least)]


def test_without_an_autoscaler_the_replicas_count() -> None:
    two = having(workload(), "spec.replicas", 2)
    assert judge(disruption_budget, two, _budget(minAvailable=1)) == []
    assert judge(disruption_budget, two, _budget(minAvailable=2)) == [_blocks("minAvailable", 2)]


def test_an_autoscaler_counts_more_than_the_replicas() -> None:
    four = having(workload(), "spec.replicas", 4)
    objects = [four, _budget(minAvailable=3), autoscaler(minReplicas=3)]
    assert judge(disruption_budget, *objects) == [_blocks("minAvailable", 3)]


def test_the_minimum_of_a_scaled_object_counts() -> None:
    scaled = autoscaler(kind="ScaledObject", minReplicaCount=2)
    assert judge(disruption_budget, workload(), _budget(minAvailable=2), scaled) == [_blocks("minAvailable", 2)]


def test_a_budget_of_other_pods_or_another_namespace_is_not_judged() -> None:
    other = having(_budget(minAvailable=9), "spec.selector.matchLabels", {"app": "other"})
    elsewhere = having(_budget(minAvailable=9), "metadata.namespace", "other")
    assert judge(disruption_budget, *shop(), other, elsewhere) == []


def test_an_exempt_budget_is_let_off() -> None:
    assert_exempt(disruption_budget, "PodDisruptionBudget shop/api", workload(), _budget(maxUnavailable=0))


def test_a_number_that_is_not_known_yet_is_no_violation() -> None:
    assert_undecided(disruption_budget, workload(), _budget(minAvailable=UNKNOWN_NUMBER_VALUE))
    assert_undecided(
        disruption_budget, workload(), _budget(minAvailable=2), autoscaler(minReplicas=UNKNOWN_NUMBER_VALUE)
    )


_POOLER = made("Pooler", "api-pooler-rw", {"instances": 2})
_OF_POOLER = made(
    "PodDisruptionBudget",
    "pooler",
    {"selector": {"matchLabels": {"cnpg.io/poolerName": "api-pooler-rw"}}, "maxUnavailable": 1},
)


def test_the_operators_own_budget_of_a_lone_instance_is_named() -> None:
    """Its node can never be drained, and nothing in the stack shows why."""
    alone = made("Cluster", "db", {"instances": 1})
    (found,) = judge(disruption_budget, alone)
    assert found.startswith("Cluster shop/db: spec.enablePDB is not false, and the operator's budget")
    assert judge(disruption_budget, having(alone, "spec.enablePDB", False)) == []
    assert judge(disruption_budget, having(alone, "spec.instances", 2)) == []


def test_a_pooler_of_several_needs_a_budget_of_the_stacks_own() -> None:
    """CloudNativePG makes none: one drain of two nodes takes all connections."""
    (found,) = judge(disruption_budget, _POOLER)
    assert found.startswith("Pooler shop/api-pooler-rw: its pods are in no PodDisruptionBudget")
    elsewhere = having(_OF_POOLER, "metadata.namespace", "other")
    assert judge(disruption_budget, _POOLER, elsewhere) == [found]
    assert judge(disruption_budget, _POOLER, _OF_POOLER) == []
    assert judge(disruption_budget, having(_POOLER, "spec.instances", 1)) == []


def test_a_budget_of_a_pooler_that_lets_none_go_is_named() -> None:
    stuck = having(_OF_POOLER, "spec.maxUnavailable", 0)
    (found,) = judge(disruption_budget, _POOLER, stuck)
    assert "allows no disruption of Pooler shop/api-pooler-rw at its minimum of 2" in found
