"""The rule `rds-protection`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_NUMBER_VALUE

from policy.rules.aws_services import rds_protection
from tests.policy.aws_objects import DATABASE, aws
from tests.policy.objects import Props, judge
from tests.policy.rule_tests import RuleTests, Table


def _database(**props: object) -> Props:
    safe = {"storageEncrypted": True, "backupRetentionPeriod": 14, "deletionProtection": True}
    return aws(DATABASE, **{**safe, **props})


class TestRdsProtection(RuleTests):
    table = Table(
        rule=rds_protection,
        compliant={
            "safe": _database(),
            "a replica": _database(backupRetentionPeriod=0, replicateSourceDb="main"),
        },
        violations={
            "public": (
                _database(publiclyAccessible=True),
                "Instance resource: publiclyAccessible is true; set it to false",
            ),
            "a day of backups": (
                _database(backupRetentionPeriod=1),
                "Instance resource: backupRetentionPeriod is less than 7 days; set it to 7 or more",
            ),
            "easily deleted": (
                _database(deletionProtection=False),
                "Instance resource: deletionProtection is not true; set it to true",
            ),
        },
        unknown={"the days": _database(backupRetentionPeriod=UNKNOWN_NUMBER_VALUE)},
    )


def test_the_days_can_be_configured() -> None:
    assert judge(rds_protection, _database(backupRetentionPeriod=1), config={"retention": 1}) == []
