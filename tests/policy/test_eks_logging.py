"""The rule `eks-logging`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.aws_cluster import eks_logging
from tests.policy.aws_objects import cluster
from tests.policy.objects import having, judge, without
from tests.policy.rule_tests import RuleTests, Table

_WHERE = "Cluster resource: enabledClusterLogTypes"


class TestEksLogging(RuleTests):
    table = Table(
        rule=eks_logging,
        compliant={"all logs": cluster()},
        violations={
            "none": (
                without(cluster(), "enabledClusterLogTypes"),
                f"{_WHERE} lacks api, audit, authenticator, controllerManager, scheduler; add them",
            ),
            "all but one": (
                having(cluster(), "enabledClusterLogTypes", ["api", "authenticator", "controllerManager", "scheduler"]),
                f"{_WHERE} lacks audit; add them",
            ),
        },
        unknown={"which": having(cluster(), "enabledClusterLogTypes", UNKNOWN_STRING_VALUE)},
    )


def test_which_logs_can_be_configured() -> None:
    audit = having(cluster(), "enabledClusterLogTypes", ["audit"])
    assert judge(eks_logging, audit, config={"types": ["audit"]}) == []
