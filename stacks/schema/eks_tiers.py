"""What an EKS cluster of each tier is like where its file does not say otherwise, and what both must agree on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network
from typing import Any, Literal

from pydantic import Field

from components.cluster.eks.addresses import needed_by_nodes, network, plan, prefix_for, usable
from components.cluster.eks.args import INSTANCE_TYPES, PODS_PER_NODE, Autoscaler
from components.kubernetes.quantity import Bytes, Cpu
from stacks.schema.eks import EksClusterConfig, NodeGroup
from stacks.schema.tiers import Tier
from stacks.schema.types import Model, Problem, TierName


class EksTier(Model):
    """The defaults of a tier. `node_groups` are in the shape of the configuration's.

    Logs are kept `log_days`, of which CloudWatch knows certain numbers only; backups `backup_days`.
    """

    node_groups: Mapping[str, Mapping[str, Any]]
    nat: Literal["one", "zone"]
    autoscaler: Autoscaler
    log_days: Literal[7, 14, 30, 60, 90, 180, 365]
    backup_days: int = Field(ge=1)


# On spot: several types, since the more there are to choose from, the more rarely AWS takes an instance away.
_DEVELOPMENT: Mapping[str, Mapping[str, Any]] = {
    "general": {
        "instance_types": ["t3.medium", "t3a.medium"],
        "minimum": 2,
        "desired": 3,
        "maximum": 10,
        "spot": True,
    },
    "large": {
        "instance_types": ["t3.xlarge", "t3a.xlarge"],
        "minimum": 0,
        "desired": 0,
        "maximum": 6,
        "spot": True,
    },
}

EKS_TIERS: dict[TierName, EksTier] = {
    "dev": EksTier(
        node_groups=_DEVELOPMENT,
        nat="one",
        autoscaler="cluster-autoscaler",
        log_days=7,
        backup_days=7,
    ),
    "test": EksTier(
        node_groups=_DEVELOPMENT,
        nat="one",
        autoscaler="cluster-autoscaler",
        log_days=14,
        backup_days=7,
    ),
    "staging": EksTier(
        # No fewer than can lose one, or a zone of them: all systems request 51 cores.
        node_groups={"general": {"instance_types": ["m6i.4xlarge"], "minimum": 6, "desired": 6, "maximum": 25}},
        nat="one",
        autoscaler="karpenter",
        log_days=90,
        backup_days=14,
    ),
    "prod": EksTier(
        # All systems request 72 cores.
        node_groups={"general": {"instance_types": ["m6i.4xlarge"], "minimum": 10, "desired": 10, "maximum": 30}},
        # A zone that is lost must not take the way out of the others with it.
        nat="zone",
        autoscaler="karpenter",
        # PCI DSS 10.5.1: a year.
        log_days=365,
        backup_days=30,
    ),
}


def node_groups(config: EksClusterConfig, name: TierName) -> dict[str, NodeGroup]:
    """The groups of nodes that a cluster has: those of its file, else the tier's."""
    if config.node_groups is not None:
        return dict(config.node_groups)
    return {key: NodeGroup.model_validate(group) for key, group in EKS_TIERS[name].node_groups.items()}


def allocatable(instance_type: str) -> tuple[Cpu, Bytes]:
    """What a node of a type has for pods, once the kubelet has its part.

    Of the CPU that is 6 % of the first core, 1 % of the second, 0.5 % of the next two and 0.25 % of the rest; of the
    memory 255 MiB, 11 MiB for each pod, and 100 MiB below which pods are evicted (awslabs/amazon-eks-ami,
    nodeadm/internal/kubelet/config.go and the kubelet's default).
    """
    cpu, memory = INSTANCE_TYPES[instance_type]
    cores = cpu.amount // 1000
    kept = 60 + 10 * (cores > 1) + 5 * max(0, min(cores, 4) - 2) + 2.5 * max(0, cores - 4)
    return Cpu(round(cpu.amount - kept)), Bytes(memory.amount - (255 + 11 * PODS_PER_NODE + 100) * 2**20)


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
