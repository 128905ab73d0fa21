"""The rule `host-namespaces`."""

from __future__ import annotations

import pytest
from pulumi_policy.proxy import UNKNOWN_BOOLEAN_VALUE

from policy.rules.host_access import host_namespaces
from tests.policy.objects import WORKLOAD_KINDS, having, judge, template_path, workload
from tests.policy.rule_tests import RuleTests, Table

_SPEC = "spec.template.spec"
_FIELDS = ("hostNetwork", "hostPID", "hostIPC")


class TestHostNamespaces(RuleTests):
    table = Table(
        rule=host_namespaces,
        compliant={"a workload": workload(), "refused outright": having(workload(), f"{_SPEC}.hostNetwork", False)},
        violations={
            field: (having(workload(), f"{_SPEC}.{field}", True), f"Deployment shop/api: {field} is true; remove it")
            for field in _FIELDS
        },
        unknown={field: having(workload(), f"{_SPEC}.{field}", UNKNOWN_BOOLEAN_VALUE) for field in _FIELDS},
    )


@pytest.mark.parametrize("kind", WORKLOAD_KINDS)
def test_the_pods_of_every_kind_of_workload_are_judged(kind: str) -> None:
    changed = having(workload(kind), f"{template_path(kind)}spec.hostPID", True)
    assert judge(host_namespaces, changed) == [f"{kind} shop/api: hostPID is true; remove it"]
