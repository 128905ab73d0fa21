"""The rule `root-group`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_NUMBER_VALUE

from policy.rules.hygiene import root_group
from tests.policy.objects import Props, having, workload
from tests.policy.rule_tests import RuleTests, Table, in_every_role


def _pod(field: str, value: object) -> Props:
    return having(workload(), f"spec.template.spec.securityContext.{field}", value)


class TestRootGroup(RuleTests):
    table = Table(
        rule=root_group,
        compliant={"none stated": workload(), "its own": _pod("fsGroup", 10001)},
        violations={
            "of volumes": (_pod("fsGroup", 0), "Deployment shop/api: securityContext.fsGroup is 0; name another group"),
            "of the process": (
                _pod("runAsGroup", 0),
                "Deployment shop/api: securityContext.runAsGroup is 0; name another group",
            ),
            "besides": (
                _pod("supplementalGroups", [1000, 0]),
                "Deployment shop/api: securityContext.supplementalGroups has 0; remove it",
            ),
            **in_every_role("securityContext.runAsGroup", 0, "securityContext.runAsGroup is 0; name another group"),
        },
        unknown={"the group": _pod("fsGroup", UNKNOWN_NUMBER_VALUE)},
        also=frozenset({"privilege-escalation", "capabilities", "read-only-root"}),
    )
