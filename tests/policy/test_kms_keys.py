"""The rule `kms-keys`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.aws_storage import kms_keys
from tests.policy.aws_objects import KEY, aws
from tests.policy.objects import judge
from tests.policy.rule_tests import RuleTests, Table


class TestKmsKeys(RuleTests):
    table = Table(
        rule=kms_keys,
        compliant={
            "rotating": aws(KEY, enableKeyRotation=True),
            "asymmetric, which cannot rotate": aws(KEY, customerMasterKeySpec="RSA_2048", deletionWindowInDays=30),
        },
        violations={
            "the same for ever": (aws(KEY), "Key resource: enableKeyRotation is not true; set it to true"),
            "soon gone": (
                aws(KEY, enableKeyRotation=True, deletionWindowInDays=7),
                "Key resource: deletionWindowInDays is less than 14; set it to 30",
            ),
        },
        unknown={"whether": aws(KEY, enableKeyRotation=UNKNOWN_STRING_VALUE)},
    )


def test_the_shortest_window_can_be_configured() -> None:
    week = aws(KEY, enableKeyRotation=True, deletionWindowInDays=7)
    assert judge(kms_keys, week, config={"minimum_window": 7}) == []
