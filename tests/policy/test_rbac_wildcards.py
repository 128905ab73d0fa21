"""The rule `rbac-wildcards`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_ARRAY_VALUE

from policy.rules.rbac import rbac_wildcards
from tests.policy.objects import Props, judge
from tests.policy.rule_tests import RuleTests, Table, kubernetes_object


def role(kind: str = "Role", **rule: object) -> Props:
    """A role with a harmless rule, and one that differs from it."""
    harmless = {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list"]}
    return kubernetes_object("rbac.authorization.k8s.io/v1", kind, rules=[harmless, {**harmless, **rule}])


class TestRbacWildcards(RuleTests):
    table = Table(
        rule=rbac_wildcards,
        compliant={"none": role(), "of the cluster": role("ClusterRole"), "no rules": role() | {"rules": None}},
        violations={
            f"{kind}: {field}": (
                role(kind, **{field: [value]}),
                f"{kind} shop/api: rules[1].{field} holds a wildcard; list what is needed",
            )
            for kind in ("Role", "ClusterRole")
            for field, value in {
                "verbs": "*",
                "resources": "pods/*",
                "apiGroups": "*",
                "nonResourceURLs": "/api/*",
            }.items()
        },
        unknown={"the verbs": role(verbs=UNKNOWN_ARRAY_VALUE)},
    )


def test_the_fields_can_be_configured() -> None:
    assert judge(rbac_wildcards, role(apiGroups=["*"]), config={"fields": ["verbs"]}) == []
