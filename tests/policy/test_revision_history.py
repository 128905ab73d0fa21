"""The rule `revision-history`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_NUMBER_VALUE

from policy.rules.lifecycle import revision_history
from tests.policy.objects import having, judge, without, workload
from tests.policy.rule_tests import RuleTests, Table

_FIELD = "spec.revisionHistoryLimit"
_KINDS = ("DaemonSet", "Deployment", "StatefulSet")


class TestRevisionHistory(RuleTests):
    table = Table(
        rule=revision_history,
        compliant={kind: workload(kind) for kind in _KINDS},
        violations={
            **{
                f"{kind} that leaves it out": (
                    without(workload(kind), _FIELD),
                    f"{kind} shop/api: {_FIELD} is missing; keep a few",
                )
                for kind in _KINDS
            },
            **{
                str(number): (
                    having(workload(), _FIELD, number),
                    f"Deployment shop/api: {_FIELD} is not from 1 to 10; keep a few",
                )
                for number in (0, 11)
            },
        },
        unknown={"the number": having(workload(), _FIELD, UNKNOWN_NUMBER_VALUE)},
    )


def test_the_bounds_can_be_configured() -> None:
    assert judge(revision_history, having(workload(), _FIELD, 0), config={"minimum": 0}) == []
