"""The rule `network-policy`."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi_policy.proxy import UNKNOWN_OBJECT_VALUE, UNKNOWN_STRING_VALUE, UnknownValueError

from policy.rules.network import network_policy
from tests.policy.objects import (
    WORKLOAD_KINDS,
    Props,
    allow,
    default_deny,
    having,
    judge,
    namespace,
    shop,
    without,
    workload,
)

_UNSELECTED = (
    "its pods are selected by no NetworkPolicy that allows them anything besides DNS; "
    "add one that selects their labels and names the flows that they have"
)
_DNS_ONLY = {
    "podSelector": {},
    "policyTypes": ["Egress"],
    "egress": [{"to": [{"namespaceSelector": {}}], "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53}]}],
}


def _not_denied(direction: str, namespace: str = "shop") -> str:
    field = direction.lower()
    return (
        f"Namespace {namespace}: default {field} is not denied by any NetworkPolicy; "
        f"add one with podSelector {{}}, policyTypes [{direction}] and no {field} rules"
    )


def _judge_with(policy: Props) -> list[str]:
    """The messages for a stack whose only allowing policy is this one."""
    return judge(network_policy, namespace(), default_deny(), workload(), policy)


def test_an_isolated_namespace_whose_pods_have_their_flows_has_no_violation() -> None:
    assert judge(network_policy, *shop()) == []


def test_a_namespace_without_default_deny_is_named_for_both_directions() -> None:
    messages = judge(network_policy, namespace(), allow(), workload())
    assert messages == [_not_denied("Ingress"), _not_denied("Egress")]


@pytest.mark.parametrize(("present", "absent"), [("Ingress", "Egress"), ("Egress", "Ingress")])
def test_denying_one_direction_leaves_the_other_open(present: str, absent: str) -> None:
    deny = having(default_deny(), "spec.policyTypes", [present])
    assert judge(network_policy, namespace(), deny, allow(), workload()) == [_not_denied(absent)]


def test_two_policies_may_deny_one_direction_each() -> None:
    denials = [having(default_deny(), "spec.policyTypes", [direction]) for direction in ("Ingress", "Egress")]
    assert judge(network_policy, namespace(), *denials, allow(), workload()) == []


@pytest.mark.parametrize(
    "spec",
    [
        {"podSelector": {"matchLabels": {"tier": "web"}}, "policyTypes": ["Ingress", "Egress"]},
        {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{}], "egress": [{}]},
    ],
    ids=["for some pods only", "with rules that allow everything"],
)
def test_a_policy_that_does_not_deny_everything_is_no_default_deny(spec: Props) -> None:
    messages = judge(network_policy, namespace(), having(default_deny(), "spec", spec), allow(), workload())
    assert messages == [_not_denied("Ingress"), _not_denied("Egress")]


def test_without_policy_types_a_policy_governs_ingress_only_as_the_api_server_has_it() -> None:
    deny = without(default_deny(), "spec.policyTypes")
    assert judge(network_policy, namespace(), deny, allow(), workload()) == [_not_denied("Egress")]


@pytest.mark.parametrize("kind", WORKLOAD_KINDS)
def test_pods_of_every_kind_that_no_policy_selects_are_named(kind: str) -> None:
    other = allow(labels={"app.kubernetes.io/name": "other"})
    messages = judge(network_policy, namespace(), default_deny(), other, workload(kind))
    assert messages == [f"{kind} shop/api: {_UNSELECTED}"]


def test_looking_up_names_is_not_a_flow_of_its_own() -> None:
    # Otherwise the DNS policy that selects the whole namespace would hide every pod that was forgotten.
    assert _judge_with(having(allow(), "spec", _DNS_ONLY)) == [f"Deployment shop/api: {_UNSELECTED}"]


@pytest.mark.parametrize(
    "spec",
    [
        {"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}]}]},
        {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]},
        {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"ports": [{"port": 53}, {"port": 443}]}]},
        {"egress": [{"to": [{"ipBlock": {"cidr": UNKNOWN_STRING_VALUE}}]}]},
    ],
    ids=["ingress", "all egress", "egress to more than DNS", "egress to an address that is not known yet"],
)
def test_a_policy_in_either_direction_will_do(spec: Props) -> None:
    assert _judge_with(having(allow(), "spec", spec)) == []


def test_a_policy_of_another_namespace_selects_nothing_here() -> None:
    assert _judge_with(allow(namespace="other")) == [f"Deployment shop/api: {_UNSELECTED}"]


@pytest.mark.parametrize(
    ("operator", "values", "selected"),
    [
        ("In", ["api", "web"], True),
        ("In", ["web"], False),
        ("NotIn", ["web"], True),
        ("NotIn", ["api"], False),
        ("Exists", [], True),
        ("DoesNotExist", [], False),
        ("Near", [], False),
    ],
)
def test_match_expressions_select_as_kubernetes_has_it(operator: str, values: list[str], selected: bool) -> None:
    expression = {"key": "app.kubernetes.io/name", "operator": operator, "values": values}
    messages = _judge_with(having(allow(), "spec.podSelector", {"matchExpressions": [expression]}))
    assert messages == ([] if selected else [f"Deployment shop/api: {_UNSELECTED}"])


def test_pods_that_an_operator_makes_are_judged_by_the_labels_that_it_gives_them() -> None:
    database = {"kind": "Cluster", "metadata": {"name": "orders", "namespace": "shop"}}
    cache = {"kind": "RedisCluster", "metadata": {"name": "cache", "namespace": "shop"}}
    leader = allow(name="leader", labels={"app": "cache-leader", "role": "leader"})
    messages = judge(network_policy, *shop(), leader, database, cache)
    assert messages == [f"Cluster shop/orders: {_UNSELECTED}", f"RedisCluster shop/cache: {_UNSELECTED}"]
    single = {"kind": "Redis", "metadata": {"name": "single", "namespace": "shop"}}
    assert judge(network_policy, *shop(), single) == [f"Redis shop/single: {_UNSELECTED}"]
    selected = allow(name="single", labels={"app": "single", "role": "standalone"})
    assert judge(network_policy, *shop(), single, selected) == []


def test_a_namespace_in_which_nothing_runs_needs_no_policy() -> None:
    assert judge(network_policy, namespace("empty"), *shop()) == []


def test_an_object_without_a_namespace_is_in_default() -> None:
    messages = judge(network_policy, without(workload(), "metadata.namespace"))
    expected = [f"Deployment api: {_UNSELECTED}", _not_denied("Ingress", "default"), _not_denied("Egress", "default")]
    assert messages == expected


def test_namespaces_that_others_keep_can_be_left_out() -> None:
    assert judge(network_policy, workload(), config={"other_namespaces": ["shop"]}) == []


def test_an_unrelated_type_is_ignored() -> None:
    assert judge(network_policy, namespace()) == []


@pytest.mark.parametrize(
    ("position", "path", "unknown"),
    [
        (1, "spec.podSelector", UNKNOWN_OBJECT_VALUE),
        (2, "metadata.namespace", UNKNOWN_STRING_VALUE),
        (-1, "spec.template.metadata.labels", UNKNOWN_OBJECT_VALUE),
    ],
)
def test_what_cannot_be_known_reaches_the_engine_as_unknown_and_never_as_a_violation(
    position: int, path: str, unknown: Any
) -> None:
    objects = shop()
    objects[position] = having(objects[position], path, unknown)
    with pytest.raises(UnknownValueError):
        judge(network_policy, *objects)


def test_one_workload_that_cannot_be_known_does_not_hide_the_others() -> None:
    hidden = having(workload(name="hidden"), "spec.template.metadata.labels", UNKNOWN_OBJECT_VALUE)
    found: list[str] = []
    with pytest.raises(UnknownValueError):
        judge(network_policy, default_deny(), hidden, workload(), found=found)
    assert found == [f"Deployment shop/api: {_UNSELECTED}"]
