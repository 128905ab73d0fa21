"""The rule `rollout-strategy`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_OBJECT_VALUE

from policy.rules.lifecycle import rollout_strategy
from tests.policy.objects import Props, having, without, workload
from tests.policy.rule_tests import RuleTests, Table

_CLAIM = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]


def _strategy(kind: str = "RollingUpdate", **rolling: object) -> Props:
    return having(workload(), "spec.strategy", {"type": kind, "rollingUpdate": rolling or None})


class TestRolloutStrategy(RuleTests):
    table = Table(
        rule=rollout_strategy,
        compliant={
            "step by step": workload(),
            "by the defaults": _strategy(),
            "a volume that only one may mount": having(_strategy("Recreate"), "spec.template.spec.volumes", _CLAIM),
        },
        violations={
            "not stated": (
                without(workload(), "spec.strategy"),
                "Deployment shop/api: spec.strategy.type is missing; set it to RollingUpdate",
            ),
            "all at once": (
                _strategy("Recreate"),
                "Deployment shop/api: spec.strategy.type takes all pods away at once; set it to RollingUpdate",
            ),
            "none stays": (
                _strategy(maxUnavailable="100%"),
                "Deployment shop/api: spec.strategy.rollingUpdate.maxUnavailable is 100%; keep some pods",
            ),
            "none may go or come": (
                _strategy(maxSurge=0, maxUnavailable="0%"),
                "Deployment shop/api: spec.strategy.rollingUpdate allows no step; raise maxSurge or maxUnavailable",
            ),
        },
        unknown={"the strategy": having(workload(), "spec.strategy", UNKNOWN_OBJECT_VALUE)},
    )
