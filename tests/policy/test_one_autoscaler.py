"""The rule `one-autoscaler`."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.scaling import one_autoscaler
from tests.policy.objects import Props, having, judge, shop
from tests.policy.stack_objects import assert_exempt, assert_undecided, autoscaler

_CPU = [{"type": "Resource", "resource": {"name": "cpu"}}]
_REQUESTS = [{"type": "Pods", "pods": {"metric": {"name": "requests"}}}]


def _vertical(*resources: str, mode: str = "Auto") -> Props:
    policy: Any = {"containerPolicies": [{"containerName": "*", "controlledResources": list(resources)}]}
    spec = {"updatePolicy": {"updateMode": mode}, "resourcePolicy": policy}
    return autoscaler(kind="VerticalPodAutoscaler", name="vertical", **spec)


def _clash(label: str, other: str, field: str) -> str:
    return (
        f"{label}: spec.{field} is steered by {other} too; keep one of them, or let them react to different resources"
    )


def test_one_horizontal_autoscaler_or_two_of_different_workloads_have_no_violation() -> None:
    assert judge(one_autoscaler, *shop(), autoscaler(), autoscaler("web", target="web")) == []


def test_two_horizontal_autoscalers_of_one_workload_are_named() -> None:
    message = _clash("HorizontalPodAutoscaler shop/second", "HorizontalPodAutoscaler shop/api", "scaleTargetRef")
    assert judge(one_autoscaler, autoscaler(), autoscaler("second")) == [message]


def test_a_scaled_object_beside_an_autoscaler_is_named() -> None:
    scaled = autoscaler(kind="ScaledObject", triggers=[{"type": "cpu"}])
    message = _clash("ScaledObject shop/api", "HorizontalPodAutoscaler shop/api", "scaleTargetRef")
    assert judge(one_autoscaler, autoscaler(metrics=_CPU), scaled) == [message]


@pytest.mark.parametrize("resources", [(), ("cpu",), ("memory", "cpu")])
def test_a_vertical_autoscaler_of_the_same_resource_is_named(resources: tuple[str, ...]) -> None:
    message = _clash("VerticalPodAutoscaler shop/vertical", "HorizontalPodAutoscaler shop/api", "targetRef")
    assert judge(one_autoscaler, autoscaler(metrics=_CPU), _vertical(*resources)) == [message]


@pytest.mark.parametrize("vertical", [_vertical("memory"), _vertical(mode="Off"), _vertical(mode="Initial")])
def test_a_vertical_autoscaler_of_another_resource_or_that_only_advises_is_allowed(vertical: Props) -> None:
    assert judge(one_autoscaler, autoscaler(metrics=_CPU), vertical) == []
    assert judge(one_autoscaler, autoscaler(metrics=_REQUESTS), _vertical()) == []


def test_workloads_of_the_same_name_in_two_namespaces_are_two() -> None:
    assert judge(one_autoscaler, autoscaler(), having(autoscaler(), "metadata.namespace", "other")) == []


def test_an_exempt_autoscaler_is_let_off() -> None:
    assert_exempt(one_autoscaler, "HorizontalPodAutoscaler shop/second", autoscaler(), autoscaler("second"))


def test_a_target_that_is_not_known_yet_is_no_violation() -> None:
    assert_undecided(one_autoscaler, having(autoscaler(), "spec.scaleTargetRef.name", UNKNOWN_STRING_VALUE))
