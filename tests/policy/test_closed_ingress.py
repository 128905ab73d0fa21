"""The rule `closed-ingress`."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.network import closed_ingress
from tests.policy.objects import allow, having, judge, shop
from tests.policy.stack_objects import assert_exempt, assert_undecided

_FIX = "name the namespaces and pods that may connect"
_WHERE = "NetworkPolicy shop/api: spec.ingress[0]"


@pytest.mark.parametrize(
    "peer",
    [
        {"podSelector": {}},
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}},
        {"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "Exists"}]}, "podSelector": {}},
        {"ipBlock": {"cidr": "10.0.0.0/8"}},
        {"ipBlock": {"cidr": "fd00::/48"}},
        {"ipBlock": {"cidr": "[secret]"}},
    ],
)
def test_a_policy_that_names_who_may_connect_has_no_violation(peer: Any) -> None:
    assert judge(closed_ingress, having(allow(), "spec.ingress.0.from", [peer])) == []


@pytest.mark.parametrize(
    ("peer", "problem"),
    [
        ({"namespaceSelector": {}}, "admits every namespace"),
        ({"namespaceSelector": {}, "podSelector": {"matchLabels": {"a": "b"}}}, "admits every namespace"),
        ({"namespaceSelector": {"matchLabels": {}}}, "admits every namespace"),
        ({"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}, "admits every address"),
        ({"ipBlock": {"cidr": "0.0.0.0/1"}}, "admits every address"),
        ({"ipBlock": {"cidr": "::/0"}}, "admits every address"),
        ({}, "admits every source"),
    ],
)
def test_a_peer_that_is_everybody_is_named(peer: Any, problem: str) -> None:
    changed = having(allow(), "spec.ingress.0.from", [{"podSelector": {}}, peer])
    assert judge(closed_ingress, changed) == [f"{_WHERE}.from[1] {problem}; {_FIX}"]


@pytest.mark.parametrize("rule", [{}, {"from": []}, {"ports": [{"port": 80}]}])
def test_a_rule_without_peers_admits_everybody(rule: Any) -> None:
    assert judge(closed_ingress, having(allow(), "spec.ingress", [rule])) == [f"{_WHERE} admits every source; {_FIX}"]


def test_what_the_internet_is_meant_to_reach_can_be_listed() -> None:
    changed = having(allow(), "spec.ingress", [{}])
    assert judge(closed_ingress, changed, config={"public": ["NetworkPolicy shop/api"]}) == []


def test_an_exempt_policy_is_let_off() -> None:
    assert_exempt(closed_ingress, "NetworkPolicy shop/api", having(allow(), "spec.ingress", [{}]))


def test_an_address_that_is_not_known_yet_is_no_violation() -> None:
    peers = [{"ipBlock": {"cidr": UNKNOWN_STRING_VALUE}}]
    assert_undecided(closed_ingress, having(allow(), "spec.ingress.0.from", peers))


def test_unrelated_objects_are_ignored() -> None:
    assert judge(closed_ingress, *shop()) == []
