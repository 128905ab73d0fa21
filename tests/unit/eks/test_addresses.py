"""The subnets of a VPC: whatever the range and the number of zones, a plan that holds or one clear error."""

from __future__ import annotations

import itertools
from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.cluster.eks.addresses import (
    LARGEST,
    SMALLEST,
    ZONES_MAX,
    needed_by_nodes,
    plan,
    prefix_for,
    usable,
)
from tests.unit.properties import examples

ZONES = st.integers(1, ZONES_MAX)
# Whole private ranges, cut by hypothesis into every place where a VPC of the size can be.
PRIVATE = [IPv4Network(one) for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")]


@st.composite
def ranges(draw: st.DrawFn) -> str:
    """A range that a VPC may have."""
    whole, prefix = draw(st.sampled_from(PRIVATE)), draw(st.integers(LARGEST, SMALLEST))
    places = 2 ** (prefix - whole.prefixlen)
    first = int(whole.network_address) + draw(st.integers(0, places - 1)) * 2 ** (32 - prefix)
    return str(IPv4Network((first, prefix)))


@given(ranges(), ZONES)
@examples(300)
def test_subnets_are_inside_the_vpc_and_disjoint(vpc: str, zones: int) -> None:
    """AWS refuses anything else, half-way through."""
    made = plan(vpc, zones)
    assert all(subnet.subnet_of(made.vpc) for subnet in made.subnets)
    assert not [pair for pair in itertools.combinations(made.subnets, 2) if pair[0].overlaps(pair[1])]
    assert all(16 <= subnet.prefixlen <= 28 for subnet in made.subnets), "AWS's sizes"


@given(ranges(), ZONES)
@examples(100)
def test_there_is_one_subnet_a_zone_and_two_at_least_for_the_control_plane(vpc: str, zones: int) -> None:
    """EKS refuses a control plane in one zone, even where nodes need no second."""
    made = plan(vpc, zones)
    assert {len(made.private), len(made.public), len(made.database)} == {zones}
    assert len(made.control_plane) == max(2, zones)


@given(ranges())
@examples(100)
def test_a_zone_more_moves_no_subnet(vpc: str) -> None:
    """A subnet cannot be moved: it would be made anew, with all that is in it."""
    plans = [plan(vpc, zones) for zones in range(1, ZONES_MAX + 1)]
    for fewer, more in itertools.pairwise(plans):
        assert set(fewer.subnets) <= set(more.subnets)


@given(st.one_of(st.text(max_size=20), st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(lambda ip: f"{ip}/64")))
@examples(300)
def test_whatever_is_no_range_gives_one_clear_error(text: str) -> None:
    """Never a traceback of the ipaddress module, and never a plan for something else than what was written."""
    try:
        made = plan(text, 1)
    except ValueError as error:
        assert repr(text) in str(error)
    else:
        assert str(made.vpc) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("10.0.0.1/16", "has host bits set"),
        ("10.0.0.0/8", "a VPC has a /16 to a /23"),
        ("10.0.0.0/24", "a VPC has a /16 to a /23"),
        ("8.8.0.0/16", "is not private"),
        ("10.0.0/16", "write it as 10.20.0.0/16"),
    ],
)
def test_an_error_says_what_is_allowed(text: str, words: str) -> None:
    """The person who reads it has to mend it."""
    with pytest.raises(ValueError, match=words):
        plan(text, 3)


@pytest.mark.parametrize("zones", [0, 4])
def test_other_numbers_of_zones_are_refused(zones: int) -> None:
    """There is room for one zone more, on purpose, but no way of using it yet."""
    with pytest.raises(ValueError, match="1 to 3"):
        plan("10.0.0.0/16", zones)


@given(st.integers(1, 200), st.integers(1, 250))
@examples(200)
def test_the_smallest_range_for_some_nodes_is_enough_and_the_next_is_not(nodes: int, pods: int) -> None:
    """It is what the error about too small a range tells people to use."""
    prefix, needed = prefix_for(nodes, pods), needed_by_nodes(nodes, pods)
    if prefix is None:
        assert usable(plan("10.0.0.0/16", 1).private[0]) < needed
        return
    assert usable(plan(f"10.0.0.0/{prefix}", 1).private[0]) >= needed
    if prefix < SMALLEST:
        assert usable(plan(f"10.0.0.0/{prefix + 1}", 1).private[0]) < needed


def test_pods_take_addresses_by_sixteen() -> None:
    """110 pods are 7 prefixes of 16, and the node has an address of its own."""
    assert needed_by_nodes(1, 110) == 113
