"""The rule `unhealthy-eviction`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.scaling import unhealthy_eviction
from tests.policy.objects import Props
from tests.policy.rule_tests import RuleTests, Table, kubernetes_object

_FIELD = "PodDisruptionBudget shop/api: spec.unhealthyPodEvictionPolicy"


def _budget(**spec: object) -> Props:
    usual = {"maxUnavailable": 1, "selector": {"matchLabels": {"app.kubernetes.io/name": "api"}}}
    return kubernetes_object("policy/v1", "PodDisruptionBudget", spec={**usual, **spec})


class TestUnhealthyEviction(RuleTests):
    table = Table(
        rule=unhealthy_eviction,
        compliant={"at any time": _budget(unhealthyPodEvictionPolicy="AlwaysAllow")},
        violations={
            "left to the API server": (_budget(), f"{_FIELD} is missing; set it to AlwaysAllow"),
            "within the budget": (
                _budget(unhealthyPodEvictionPolicy="IfHealthyBudget"),
                f"{_FIELD} is IfHealthyBudget; set it to AlwaysAllow",
            ),
        },
        unknown={"the policy": _budget(unhealthyPodEvictionPolicy=UNKNOWN_STRING_VALUE)},
    )
