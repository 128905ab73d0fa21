"""The rule `own-pods`."""

from __future__ import annotations

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.availability import own_pods
from tests.policy.objects import LABELS, Props, having, judge, workload
from tests.policy.rule_tests import RuleTests, Table


def _selecting(value: object, kind: str = "Deployment") -> Props:
    return having(workload(kind), "spec.selector", {"matchLabels": {**LABELS, "app.kubernetes.io/name": value}})


_MESSAGE = "shop/api: spec.selector does not match the labels of the template; let both have the same labels"


class TestOwnPods(RuleTests):
    table = Table(
        rule=own_pods,
        compliant={"its own": _selecting("api"), "none stated": workload("StatefulSet"), "a job": workload("Job")},
        violations={
            kind: (_selecting("other", kind), f"{kind} {_MESSAGE}")
            for kind in ("Deployment", "StatefulSet", "DaemonSet")
        },
        unknown={"the selector": _selecting(UNKNOWN_STRING_VALUE)},
    )


@pytest.mark.parametrize(("operator", "count"), [("Exists", 0), ("DoesNotExist", 1)])
def test_expressions_count_too(operator: str, count: int) -> None:
    selector = {"matchExpressions": [{"key": "app.kubernetes.io/name", "operator": operator}]}
    assert len(judge(own_pods, having(workload(), "spec.selector", selector))) == count
