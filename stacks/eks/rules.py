"""What an EKS cluster and the environment's tier must agree on, beyond the single values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network
from typing import Any

from components.cluster.eks.addresses import needed_by_nodes, network, plan, prefix_for, usable
from components.cluster.eks.instances import PODS_PER_NODE
from stacks.eks.tiers import EKS_TIERS
from stacks.tiers import Tier
from stacks.types import Problem, TierName

# Tiers whose control plane nobody may reach from everywhere.
_NARROW = ("staging", "prod")
# The service range of Kubernetes on EKS: from a /24 to a /12, private (EKS API, CreateCluster).
_SERVICE_PREFIXES = range(12, 25)


def eks_problems(name: TierName, tier: Tier, data: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with the raw keys of a cluster for this tier; paths are relative to the cluster."""
    yield from _zones(name, tier, data)
    yield from _public_access(name, data)
    vpc = _parsed(data.get("network", "10.20.0.0/16"))
    if vpc is not None:
        yield from _services(vpc, data.get("service_network", "172.20.0.0/16"))
        yield from _addresses(vpc, tier, data.get("node_groups") or EKS_TIERS[name].node_groups)


def _zones(name: TierName, tier: Tier, data: Mapping[str, Any]) -> Iterable[Problem]:
    zones = data.get("zones")
    if isinstance(zones, (list, tuple)) and len(zones) != tier.zones:
        many = "too few" if len(zones) < tier.zones else "too many"
        wanted = "1 zone" if tier.zones == 1 else f"{tier.zones} zones"
        message = (
            f"{len(zones)} are {many}: nodes of tier {name!r} are in {wanted}; list as many, or set overrides.zones"
        )
        yield Problem(("zones",), message, zones)


def _public_access(name: TierName, data: Mapping[str, Any]) -> Iterable[Problem]:
    ranges = data.get("public_access")
    for index, one in enumerate(ranges if isinstance(ranges, (list, tuple)) else ()):
        if name in _NARROW and isinstance(one, str) and one.endswith("/0"):
            message = f"{one!r} is everybody, which tier {name!r} refuses: name the networks of those who work on it"
            yield Problem(("public_access", index), message, one)


def _services(vpc: IPv4Network, text: Any) -> Iterable[Problem]:
    try:
        services = IPv4Network(text)
    except (ValueError, TypeError):
        return
    if services.prefixlen not in _SERVICE_PREFIXES or not services.is_private:
        yield Problem(("service_network",), f"{text!r} is not a private range from a /12 to a /24", text)
    if services.overlaps(vpc):
        yield Problem(("service_network",), f"{text!r} overlaps the network {vpc}: pods would reach only one of them")


def _addresses(vpc: IPv4Network, tier: Tier, groups: Any) -> Iterable[Problem]:
    nodes = sum(map(_maximum, groups.values())) if isinstance(groups, Mapping) else 0
    per_zone = math.ceil(nodes / tier.zones)
    private = plan(str(vpc), tier.zones).private[0]
    needed = needed_by_nodes(per_zone, PODS_PER_NODE)
    if needed > usable(private):
        prefix = prefix_for(per_zone, PODS_PER_NODE)
        mend = (
            f"use a /{prefix} or larger" if prefix else "no VPC is large enough: lower the maximum of the node groups"
        )
        message = (
            f"{vpc} is too small: {per_zone} nodes in a zone with {PODS_PER_NODE} pods each need {needed} addresses, "
            f"and a zone's private subnet, {private}, has {usable(private)}; {mend}"
        )
        yield Problem(("network",), message)


def _maximum(group: Any) -> int:
    value = group.get("maximum") if isinstance(group, Mapping) else None
    return value if isinstance(value, int) else 0


def _parsed(text: Any) -> IPv4Network | None:
    try:
        return network(text)
    except (ValueError, TypeError, AttributeError):
        # What the range itself lacks is said of the key alone.
        return None
