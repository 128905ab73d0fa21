"""The rule `rbac-creation`."""

from __future__ import annotations

import pytest
from pulumi_policy.proxy import UNKNOWN_ARRAY_VALUE

from policy.rules.rbac import rbac_creation
from tests.policy.objects import Props, judge
from tests.policy.rule_tests import RuleTests, Table, kubernetes_object

_FIX = "remove the verb or the resource"


def role(resource: str, *verbs: str, kind: str = "Role", **rule: object) -> Props:
    allowed = {"apiGroups": [""], "resources": [resource], "verbs": list(verbs), **rule}
    return kubernetes_object("rbac.authorization.k8s.io/v1", kind, rules=[allowed])


class TestRbacCreation(RuleTests):
    table = Table(
        rule=rbac_creation,
        compliant={
            "reads": role("pods", "get", "list", "watch"),
            "scales what is there": role("deployments", "get", "patch"),
            "writes its own": role("configmaps", "create", "update"),
            "reads roles": role("clusterroles", "get", kind="ClusterRole"),
        },
        violations={
            f"{verbs} {resource}": (
                role(resource, "get", *verbs, kind=kind),
                f"{kind} shop/api: rules[0] has {', '.join(verbs)} on {resource}; {_FIX}",
            )
            for kind, resource, verbs in (
                ("Role", "pods", ("create",)),
                ("Role", "cronjobs", ("create",)),
                ("ClusterRole", "persistentvolumes", ("create",)),
                ("ClusterRole", "validatingwebhookconfigurations", ("update", "patch")),
                ("Role", "rolebindings", ("create",)),
                ("ClusterRole", "nodes", ("patch",)),
            )
        },
        unknown={"the verbs": role("pods", verbs=UNKNOWN_ARRAY_VALUE)},
    )


@pytest.mark.parametrize("name", ["Role shop/api", "Role shop/other"])
def test_a_role_that_is_meant_to_run_workloads_can_be_named(name: str) -> None:
    assert bool(judge(rbac_creation, role("pods", "create"), config={"allowed": [name]})) == (name != "Role shop/api")
