"""The rule `privilege-escalation`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_BOOLEAN_VALUE

from policy.rules.privilege import privilege_escalation
from tests.policy.objects import having, workload
from tests.policy.rule_tests import RuleTests, Table, in_container, in_every_role

_FIELD = "securityContext.allowPrivilegeEscalation"
_MESSAGE = f"{_FIELD} is not false; set it to false"


class TestPrivilegeEscalation(RuleTests):
    table = Table(
        rule=privilege_escalation,
        compliant={
            "a workload": workload(),
            "on Windows": having(in_container("container", _FIELD, None), "spec.template.spec.os", {"name": "windows"}),
        },
        violations=in_every_role(_FIELD, True, _MESSAGE) | in_every_role(_FIELD, None, _MESSAGE),
        unknown={"the field": in_container("ephemeral container", _FIELD, UNKNOWN_BOOLEAN_VALUE)},
    )
