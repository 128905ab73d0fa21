"""The rule `scratch-limits`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_OBJECT_VALUE

from policy.rules.data import scratch_limits
from tests.policy.objects import workload
from tests.policy.rule_tests import RuleTests, Table
from tests.policy.test_host_path import mounting


class TestScratchLimits(RuleTests):
    table = Table(
        rule=scratch_limits,
        compliant={"bounded": workload(), "of another type": mounting({"name": "data", "secret": {}})},
        violations={
            "unbounded": (
                mounting({"name": "tmp", "emptyDir": {}}),
                "Deployment shop/api: volume tmp has no sizeLimit; set it",
            ),
            "in memory": (
                mounting({"emptyDir": {"medium": "Memory"}}),
                "Deployment shop/api: volume #1 has no sizeLimit; set it",
            ),
        },
        unknown={"the volume": mounting({"name": "tmp", "emptyDir": UNKNOWN_OBJECT_VALUE})},
    )
