"""The rule `autoscaler`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_NUMBER_VALUE

from policy.rules.availability import autoscaler
from tests.policy.objects import Props, judge
from tests.policy.rule_tests import RuleTests, Table, kubernetes_object

_CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}


def _autoscaler(api_version: str = "autoscaling/v2", **spec: object) -> Props:
    usual = {"scaleTargetRef": {"name": "api"}, "minReplicas": 2, "maxReplicas": 4, "metrics": [_CPU]}
    return kubernetes_object(api_version, "HorizontalPodAutoscaler", spec={**usual, **spec})


class TestAutoscaler(RuleTests):
    table = Table(
        rule=autoscaler,
        compliant={
            "room, floor and measure": _autoscaler(),
            "the first version": _autoscaler("autoscaling/v1", metrics=None, targetCPUUtilizationPercentage=70),
        },
        violations={
            "a floor of one": (
                _autoscaler(minReplicas=1),
                "HorizontalPodAutoscaler shop/api: spec.minReplicas is 1, below 2; set it to 2 or more",
            ),
            "a floor that is not stated": (
                _autoscaler(minReplicas=None),
                "HorizontalPodAutoscaler shop/api: spec.minReplicas is 1, below 2; set it to 2 or more",
            ),
            "no room": (
                _autoscaler(maxReplicas=2),
                "HorizontalPodAutoscaler shop/api: spec.maxReplicas is not above minReplicas; leave room to scale",
            ),
            "no ceiling": (
                _autoscaler(maxReplicas=None),
                "HorizontalPodAutoscaler shop/api: spec.maxReplicas is missing; leave room to scale",
            ),
            "no metrics": (
                _autoscaler(metrics=[]),
                "HorizontalPodAutoscaler shop/api: spec.metrics is missing; say by what to scale",
            ),
        },
        unknown={"the floor": _autoscaler(minReplicas=UNKNOWN_NUMBER_VALUE)},
    )


def test_the_floor_can_be_configured() -> None:
    assert judge(autoscaler, _autoscaler(minReplicas=1), config={"minimum": 1}) == []
