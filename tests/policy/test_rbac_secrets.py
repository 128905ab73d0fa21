"""The rule `rbac-secrets`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_ARRAY_VALUE

from policy.rules.rbac import rbac_secrets
from tests.policy.rule_tests import RuleTests, Table
from tests.policy.test_rbac_wildcards import role


class TestRbacSecrets(RuleTests):
    table = Table(
        rule=rbac_secrets,
        compliant={
            "others": role("ClusterRole"),
            "writing": role("ClusterRole", resources=["secrets"], verbs=["create"]),
            "those that it names": role("ClusterRole", resources=["secrets"], verbs=["get"], resourceNames=["api"]),
            "of one namespace": role(resources=["secrets"], verbs=["get"]),
        },
        violations={
            verb: (
                role("ClusterRole", resources=["secrets"], verbs=["create", verb]),
                f"ClusterRole shop/api: rules[1] has {verb} on secrets; use a Role with resourceNames",
            )
            for verb in ("get", "list", "watch")
        },
        unknown={"the verbs": role("ClusterRole", resources=["secrets"], verbs=UNKNOWN_ARRAY_VALUE)},
    )
