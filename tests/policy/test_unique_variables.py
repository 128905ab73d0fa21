"""The rule `unique-variables`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.hygiene import unique_variables
from tests.policy.rule_tests import RuleTests, Table, in_container, in_every_role

_TWICE = [{"name": "MODE", "value": "quiet"}, {"name": "MODE", "value": "loud"}]


class TestUniqueVariables(RuleTests):
    table = Table(
        rule=unique_variables,
        compliant={
            "once": in_container("container", "env", _TWICE[:1]),
            "without a name": in_container("container", "env", [{}, {}]),
        },
        violations=in_every_role("env", _TWICE, "env MODE is set 2 times; keep one"),
        unknown={"a name": in_container("container", "env", [{"name": UNKNOWN_STRING_VALUE}])},
    )
