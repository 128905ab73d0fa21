"""The rule `plugin-semantics`. What the agent does is that of aws-network-policy-agent v1.4.1.

The verdicts of the two tables were given by that version's own package pkg/fwruleprocessor, too.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.facts.address_rules import AddressRule, Ports, Probe, by_specification, by_vpc_cni, network
from policy.rules.network_plugins import plugin_semantics
from tests.policy.objects import LABELS, Props, allow, having, judge, shop, workload
from tests.policy.stack_objects import assert_exempt, assert_undecided

_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16")
_FIX = "name there the ranges that are meant, or here those that are left in place of the exception"


def _to(cidr: str, *ports: int, outside: tuple[str, ...] = ()) -> Props:
    block: dict[str, Any] = {"cidr": cidr, **({"except": list(outside)} if outside else {})}
    return {"to": [{"ipBlock": block}], "ports": [{"port": one, "protocol": "TCP"} for one in ports]}


def _policy(*egress: Props, name: str = "api", **labels: str) -> Props:
    policy = having(allow(name=name, labels=labels or LABELS), "spec.policyTypes", ["Egress"])
    return having(policy, "spec.egress", list(egress))


INTERNET = _to("0.0.0.0/0", 443, outside=_PRIVATE)


def test_all_addresses_beside_the_internet_are_denied_where_the_internet_ends() -> None:
    """The instances of PostgreSQL on EKS: no address of the API server was left to them."""
    assert judge(plugin_semantics, _policy(_to("0.0.0.0/0", 443, 6443), INTERNET)) == [
        "NetworkPolicy shop/api: spec.egress[1] excepts 10.0.0.0/8, and so denies on the VPC CNI 10.0.0.0:443/TCP, "
        f"which spec.egress[0] allows by 0.0.0.0/0; {_FIX}"
    ]


def test_the_exception_denies_every_port_of_the_wider_range_and_not_its_own_alone() -> None:
    """Prometheus with remote write: kubelets listen on another port than the internet."""
    (message,) = judge(plugin_semantics, _policy(INTERNET, _to("0.0.0.0/0", 10250)))
    assert "denies on the VPC CNI 10.0.0.0:10250/TCP, which spec.egress[1] allows" in message


def test_a_policy_of_its_own_for_the_same_pods_helps_nothing() -> None:
    """The agent puts the rules of all policies of a pod into one table (controllers/policyendpoints_controller.go)."""
    apart = [_policy(INTERNET, name="internet"), _policy(_to("0.0.0.0/0", 6443), name="server")]
    (message,) = judge(plugin_semantics, *apart, workload())
    assert message.startswith("NetworkPolicy shop/internet: spec.egress[0] excepts 10.0.0.0/8")
    assert "which spec.egress[0] of NetworkPolicy shop/server allows by 0.0.0.0/0" in message
    others = _policy(_to("0.0.0.0/0", 6443), name="server", app="other")
    assert judge(plugin_semantics, apart[0], others, workload()) == []


@pytest.mark.parametrize(
    "rules",
    [
        (INTERNET,),
        (INTERNET, *(_to(one, 443, 6443) for one in _PRIVATE[:4])),
        (INTERNET, _to("10.20.0.0/16", 443), _to("172.20.0.1/32", 443), _to("169.254.170.23/32", 80)),
        (INTERNET, _to("203.0.113.7/32", 6443)),
        (INTERNET, _to("0.0.0.0/0", 8443, outside=_PRIVATE)),
        (_to("0.0.0.0/0", 443), _to("0.0.0.0/0", 10250), _to("10.0.0.0/8", 80)),
        ({"to": [{"podSelector": {}}], "ports": [{"port": 443}]}, INTERNET),
        ({"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"port": "https"}]}, INTERNET),
    ],
    ids=["alone", "same ranges", "narrower ranges", "outside", "same exceptions", "no exception", "pods", "named port"],
)
def test_ranges_that_an_exception_does_not_cut_have_no_violation(rules: tuple[Props, ...]) -> None:
    assert judge(plugin_semantics, _policy(*rules)) == []


def test_a_range_whose_first_address_is_excepted_gets_nothing_of_the_wider_one() -> None:
    rules = (_to("10.0.0.0/8", 443, outside=("10.1.0.0/24",)), _to("10.1.0.0/16", 80, outside=("10.1.0.0/24",)))
    (message,) = judge(plugin_semantics, _policy(*rules))
    assert "10.1.1.0:443/TCP, which spec.egress[0] allows by 10.0.0.0/8" in message
    assert message.startswith("NetworkPolicy shop/api: spec.egress[1] has 10.1.0.0/16 alone")


def test_more_ports_than_the_agent_keeps_for_a_range_are_named() -> None:
    (message,) = judge(plugin_semantics, _policy(_to("10.0.0.0/8", *range(8000, 8025))))
    assert message == (
        "NetworkPolicy shop/api: spec.egress[0] has more than 24 ports for 10.0.0.0/8, of which the VPC CNI drops "
        "those beyond; use ranges of ports (`endPort`)"
    )


def test_rules_for_what_comes_in_are_judged_likewise() -> None:
    rules = [{"from": one["to"], "ports": one["ports"]} for one in (INTERNET, _to("0.0.0.0/0", 8000))]
    (message,) = judge(plugin_semantics, having(allow(), "spec.ingress", rules))
    assert "which spec.ingress[1] allows by 0.0.0.0/0" in message


_TCP = {port: frozenset({Ports("TCP", port, port)}) for port in (80, 443, 5432)}


def _rules(*rules: tuple[str, int, tuple[str, ...]]) -> list[AddressRule]:
    found = []
    for cidr, port, outside in rules:
        meant = network(cidr)
        assert meant is not None
        found.append(AddressRule(meant, tuple(filter(None, map(network, outside))), _TCP[port]))
    return found


@pytest.mark.parametrize(
    ("address", "port", "specified", "by_agent"),
    [
        ("172.20.0.1", 443, True, False),
        ("10.20.224.5", 443, True, False),
        ("52.219.170.1", 443, True, True),
        ("169.254.170.23", 80, False, False),
        # A pod has the longest prefix that there is, and its own ports.
        ("10.20.3.4", 5432, True, True),
        ("10.20.3.4", 443, True, False),
    ],
)
def test_the_agents_verdicts_are_those_of_its_own_package(
    address: str, port: int, specified: bool, by_agent: bool
) -> None:
    """`ComputeMapEntriesFromEndpointRules` of v1.4.1 over the policy that PostgreSQL's instances had."""
    rules = _rules(("10.20.3.4/32", 5432, ()), ("0.0.0.0/0", 443, ()), ("0.0.0.0/0", 443, _PRIVATE))
    probe = Probe(ip_address(address), "TCP", port)
    assert (by_specification(rules)(probe), by_vpc_cni(rules)(probe)) == (specified, by_agent)


def test_an_exempt_policy_is_let_off() -> None:
    assert_exempt(plugin_semantics, "NetworkPolicy shop/api", _policy(INTERNET, _to("0.0.0.0/0", 6443)))


def test_an_address_that_is_not_known_yet_is_no_violation() -> None:
    assert_undecided(plugin_semantics, _policy(_to(UNKNOWN_STRING_VALUE, 443), INTERNET))


def test_unrelated_objects_are_ignored() -> None:
    assert judge(plugin_semantics, *shop()) == []
