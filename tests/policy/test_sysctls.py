"""The rule `sysctls`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.kernel import sysctls
from tests.policy.objects import Props, having, judge, workload
from tests.policy.rule_tests import RuleTests, Table


def _setting(name: str) -> Props:
    return having(workload(), "spec.template.spec.securityContext.sysctls", [{"name": name, "value": "1"}])


class TestSysctls(RuleTests):
    table = Table(
        rule=sysctls,
        compliant={"none": workload(), "a safe one": _setting("net.ipv4.tcp_syncookies")},
        violations={
            "an unsafe one": (
                _setting("kernel.msgmax"),
                "Deployment shop/api: securityContext.sysctls sets kernel.msgmax; remove it",
            ),
        },
        unknown={"the name": _setting(UNKNOWN_STRING_VALUE)},
    )


def test_what_nodes_allow_can_be_configured() -> None:
    assert judge(sysctls, _setting("kernel.msgmax"), config={"allowed": ["kernel.msgmax"]}) == []
