"""The rule `privileged`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_BOOLEAN_VALUE

from policy.rules.privilege import privileged
from tests.policy.objects import WORKLOAD_KINDS, workload
from tests.policy.rule_tests import RuleTests, Table, in_container, in_every_role

_FIELD = "securityContext.privileged"


class TestPrivileged(RuleTests):
    table = Table(
        rule=privileged,
        compliant={
            **{kind: workload(kind) for kind in WORKLOAD_KINDS},
            "not stated": in_container("container", "securityContext", {}),
        },
        violations={
            **in_every_role(_FIELD, True, f"{_FIELD} is true; set it to false"),
            **{
                kind: (
                    in_container("container", _FIELD, True, kind),
                    f"{kind} shop/api, container web: {_FIELD} is true; set it to false",
                )
                for kind in WORKLOAD_KINDS
            },
        },
        unknown={"privileged": in_container("init container", _FIELD, UNKNOWN_BOOLEAN_VALUE)},
        also=frozenset({"controlled-pods"}),
    )
