"""The rule `bindings-resolve`."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.rbac import bindings_resolve
from tests.policy.objects import Props, having, judge, service_account, shop
from tests.policy.stack_objects import assert_exempt, assert_undecided, made

_ACCOUNT = {"kind": "ServiceAccount", "name": "api", "namespace": "shop"}


def _binding(role: str = "api", kind: str = "Role", **subject: Any) -> Props:
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role}
    return made("RoleBinding", roleRef=reference, subjects=[{**_ACCOUNT, **subject}])


def _stack(binding: Props) -> list[Props]:
    return [service_account(), made("Role"), made("ClusterRole", "reader", namespace=None), binding]


@pytest.mark.parametrize(
    "binding",
    [
        _binding(),
        _binding("reader", "ClusterRole"),
        _binding("view", "ClusterRole"),
        _binding("system:auth-delegator", "ClusterRole"),
        _binding(namespace=None),
        having(_binding(), "subjects", [{"kind": "Group", "name": "operators"}]),
        _binding(namespace="kube-system", name="coredns"),
    ],
)
def test_a_binding_of_what_is_there_has_no_violation(binding: Props) -> None:
    assert judge(bindings_resolve, *_stack(binding)) == []


@pytest.mark.parametrize(("kind", "role"), [("Role", "gone"), ("ClusterRole", "gone"), ("Role", "reader")])
def test_a_role_that_is_not_there_is_named(kind: str, role: str) -> None:
    assert judge(bindings_resolve, *_stack(_binding(role, kind))) == [
        f"RoleBinding shop/api: roleRef names {kind} '{role}', which does not exist; name a role that is there"
    ]


@pytest.mark.parametrize(("namespace", "name"), [("shop", "gone"), ("other", "api")])
def test_an_account_that_is_not_there_is_named(namespace: str, name: str) -> None:
    assert judge(bindings_resolve, *_stack(_binding(namespace=namespace, name=name))) == [
        f"RoleBinding shop/api: subjects[0] names ServiceAccount {namespace}/{name}, which does not exist; "
        "name one that is there, or remove the subject"
    ]


def test_a_cluster_role_binding_is_judged_too() -> None:
    binding = made("ClusterRoleBinding", namespace=None, roleRef={"kind": "ClusterRole", "name": "gone"})
    assert len(judge(bindings_resolve, binding)) == 1
    assert judge(bindings_resolve, binding, config={"cluster_roles": ["gone"]}) == []


def test_an_exempt_binding_is_let_off() -> None:
    assert_exempt(bindings_resolve, "RoleBinding shop/api", *_stack(_binding("gone")))


def test_a_name_that_is_not_known_yet_is_no_violation() -> None:
    assert_undecided(bindings_resolve, service_account(), _binding(UNKNOWN_STRING_VALUE))
    assert_undecided(
        bindings_resolve, made("Role"), having(service_account(), "metadata.name", UNKNOWN_STRING_VALUE), _binding()
    )


def test_unrelated_objects_are_ignored() -> None:
    assert judge(bindings_resolve, *shop()) == []
