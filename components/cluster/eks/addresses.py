"""The addresses of a VPC: which subnet of which zone has which range. Pure functions.

A range is cut the same way whatever the number of zones is, with room for four. So a zone can be added to a network
that is in use, and no subnet moves:

| share of the range | for           | one of four, in a /16 | who is in it                                           |
|--------------------|---------------|-----------------------|--------------------------------------------------------|
| first half         | private       | /19, 8,187 addresses  | nodes and pods, which get addresses of the VPC         |
| third quarter      | public        | /20, 4,091            | load balancers and NAT gateways                        |
| seventh eighth     | database      | /21, 2,043            | managed databases, without a way out                   |
| last eighth        | control plane | /28, 11               | the control plane's own interfaces, as AWS recommends  |
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from ipaddress import IPv4Network

# AWS's limit: a VPC is a /16 at the most. Below a /23 the database subnets would be smaller than AWS's smallest, a /28.
LARGEST, SMALLEST = 16, 23
ZONES_MAX = 3
_SHARES = 4
_CONTROL_PLANE_PREFIX = 28
# The first four addresses and the last one of every subnet are AWS's own.
_RESERVED = 5
# RFC 1918, and RFC 6598's range for carriers, which AWS allows for VPCs and many companies have nowhere else.
_PRIVATE = tuple(IPv4Network(one) for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"))
# The VPC plug-in hands out prefixes of 16 addresses (ENABLE_PREFIX_DELEGATION).
_PREFIX_ADDRESSES = 16


@dataclass(frozen=True)
class AddressPlan:
    """The subnets of a VPC, one a zone for each use; the control plane has one in two zones at least."""

    vpc: IPv4Network
    private: tuple[IPv4Network, ...]
    public: tuple[IPv4Network, ...]
    database: tuple[IPv4Network, ...]
    control_plane: tuple[IPv4Network, ...]

    @property
    def subnets(self) -> tuple[IPv4Network, ...]:
        """All of them."""
        return (*self.private, *self.public, *self.database, *self.control_plane)


def control_plane_zones(zones: int) -> int:
    """In how many zones the control plane has interfaces: EKS refuses fewer than two, even where nodes need one."""
    return max(2, zones)


def plan(vpc: str, zones: int) -> AddressPlan:
    """The subnets of a VPC over 1 to 3 zones. Raises ValueError that says what is allowed."""
    if not 1 <= zones <= ZONES_MAX:
        raise ValueError(f"{zones} zones: a network has 1 to {ZONES_MAX}")
    whole = network(vpc)
    first, second = whole.subnets(prefixlen_diff=1)
    third, fourth = second.subnets(prefixlen_diff=1)
    seventh, eighth = fourth.subnets(prefixlen_diff=1)
    return AddressPlan(
        vpc=whole,
        private=_shares(first)[:zones],
        public=_shares(third)[:zones],
        database=_shares(seventh)[:zones],
        control_plane=tuple(eighth.subnets(new_prefix=_CONTROL_PLANE_PREFIX))[: control_plane_zones(zones)],
    )


def network(text: str) -> IPv4Network:
    """The range of a VPC. Raises ValueError that says what is allowed."""
    try:
        found = IPv4Network(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a range of IPv4 addresses: {error}; write it as 10.20.0.0/16") from None
    if not LARGEST <= found.prefixlen <= SMALLEST:
        raise ValueError(f"{text!r} is a /{found.prefixlen}: a VPC has a /{LARGEST} to a /{SMALLEST}")
    if not any(found.subnet_of(private) for private in _PRIVATE):
        allowed = ", ".join(map(str, _PRIVATE))
        raise ValueError(f"{text!r} is not private: take a part of {allowed}")
    return found


def usable(subnet: IPv4Network) -> int:
    """How many addresses of a subnet are not AWS's own."""
    return subnet.num_addresses - _RESERVED


def needed_by_nodes(nodes: int, pods_per_node: int) -> int:
    """How many addresses some nodes need, with all the pods that they can run: one each, and prefixes for the pods."""
    return nodes * (1 + math.ceil(pods_per_node / _PREFIX_ADDRESSES) * _PREFIX_ADDRESSES)


def prefix_for(nodes_per_zone: int, pods_per_node: int) -> int | None:
    """The smallest VPC in which a zone's nodes find their addresses, as a prefix length; None if none is big enough."""
    needed = needed_by_nodes(nodes_per_zone, pods_per_node) + _RESERVED
    # A private subnet is an eighth of the VPC.
    prefix = 32 - math.ceil(math.log2(needed)) - 3
    return min(prefix, SMALLEST) if prefix >= LARGEST else None


def _shares(share: IPv4Network) -> tuple[IPv4Network, ...]:
    return tuple(share.subnets(prefixlen_diff=int(math.log2(_SHARES))))
