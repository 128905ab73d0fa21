"""The rule `rbac-cluster-admin`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.rbac import rbac_cluster_admin
from tests.policy.objects import having
from tests.policy.rule_tests import RuleTests, Table
from tests.policy.test_default_service_account import binding

_ANYBODY = ("system:masters", "system:authenticated", "system:unauthenticated", "system:anonymous")


class TestRbacClusterAdmin(RuleTests):
    table = Table(
        rule=rbac_cluster_admin,
        compliant={"a role": binding(), "a role of the cluster": binding("ClusterRoleBinding", role="view")},
        violations={
            **{
                kind: (
                    binding(kind, role="cluster-admin"),
                    f"{kind} shop/api: roleRef is cluster-admin; bind a Role with the rights that are used",
                )
                for kind in ("RoleBinding", "ClusterRoleBinding")
            },
            **{
                name: (
                    having(binding(), "subjects.0", {"kind": "Group", "name": name}),
                    f"RoleBinding shop/api: subjects[0] is {name}; name the accounts that need it",
                )
                for name in _ANYBODY
            },
        },
        unknown={"the role": binding(role=UNKNOWN_STRING_VALUE)},
    )
