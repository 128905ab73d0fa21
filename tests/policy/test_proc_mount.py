"""The rule `proc-mount`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.kernel import proc_mount
from tests.policy.objects import workload
from tests.policy.rule_tests import RuleTests, Table, in_container, in_every_role

_FIELD = "securityContext.procMount"


class TestProcMount(RuleTests):
    table = Table(
        rule=proc_mount,
        compliant={"not stated": workload(), "stated": in_container("container", _FIELD, "Default")},
        violations=in_every_role(_FIELD, "Unmasked", f"{_FIELD} is not Default; remove it"),
        unknown={"the field": in_container("container", _FIELD, UNKNOWN_STRING_VALUE)},
    )
