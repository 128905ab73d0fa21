"""The rule `rbac-exec`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_ARRAY_VALUE

from policy.rules.rbac import rbac_exec
from tests.policy.rule_tests import RuleTests, Table
from tests.policy.test_rbac_wildcards import role

_SESSIONS = ("exec", "attach", "portforward", "ephemeralcontainers", "proxy")


class TestRbacExec(RuleTests):
    table = Table(
        rule=rbac_exec,
        compliant={"reading": role(resources=["pods", "pods/log"])},
        violations={
            name: (
                role(resources=["pods/log", f"pods/{name}"], verbs=["create"]),
                f"Role shop/api: rules[1].resources has pods/{name}; remove it",
            )
            for name in _SESSIONS
        },
        unknown={"the resources": role(resources=UNKNOWN_ARRAY_VALUE)},
    )
