"""The rule `windows-host-process`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_BOOLEAN_VALUE

from policy.rules.host_access import windows_host_process
from tests.policy.objects import having, workload
from tests.policy.rule_tests import RuleTests, Table, in_container, in_every_role

_FIELD = "securityContext.windowsOptions"
_MESSAGE = f"{_FIELD}.hostProcess is true; remove it"


class TestWindowsHostProcess(RuleTests):
    table = Table(
        rule=windows_host_process,
        compliant={"none": workload(), "refused": in_container("container", _FIELD, {"hostProcess": False})},
        violations={
            **in_every_role(_FIELD, {"hostProcess": True}, _MESSAGE),
            "the whole pod": (
                having(workload(), f"spec.template.spec.{_FIELD}", {"hostProcess": True}),
                f"Deployment shop/api: {_MESSAGE}",
            ),
        },
        unknown={"the field": in_container("container", _FIELD, {"hostProcess": UNKNOWN_BOOLEAN_VALUE})},
    )
