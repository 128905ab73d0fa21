"""The rule `rbac-escalation`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_ARRAY_VALUE

from policy.rules.rbac import rbac_escalation
from tests.policy.rule_tests import RuleTests, Table
from tests.policy.test_rbac_wildcards import role

_RIGHTS = (
    ("escalate", "roles"),
    ("bind", "clusterroles"),
    ("impersonate", "users"),
    ("impersonate", "serviceaccounts"),
    ("create", "serviceaccounts/token"),
    ("approve", "signers"),
    ("update", "certificatesigningrequests/approval"),
    ("get", "nodes/proxy"),
)


class TestRbacEscalation(RuleTests):
    table = Table(
        rule=rbac_escalation,
        compliant={"reading": role(), "making accounts": role(verbs=["create"], resources=["serviceaccounts"])},
        violations={
            f"{verb} {resource}": (
                role("ClusterRole", verbs=["delete", verb], resources=[resource]),
                f"ClusterRole shop/api: rules[1].verbs has {verb} on {resource}; remove it",
            )
            for verb, resource in _RIGHTS
        },
        unknown={"the resources": role(resources=UNKNOWN_ARRAY_VALUE)},
    )
