"""The key `addresses` of an environment's file: what pods reach beside pods, where no label selects it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Network
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from components.cluster.eks import addresses as vpc
from components.kubernetes.addresses import LINK_LOCAL, NOT_INTERNET, PRIVATE, ClusterAddresses
from stacks.schema.eks import EksClusterConfig
from stacks.schema.types import Model, Problem, form

_RANGE = r"[0-9]{1,3}(\.[0-9]{1,3}){3}(/[0-9]{1,2})?"
# What the program knows of a cluster that it makes itself.
_KNOWN = ("api_server", "nodes")


def _range(value: str) -> str:
    try:
        found = IPv4Network(value)
    except ValueError as error:
        raise ValueError(f"{value!r} is no range of IPv4 addresses: {error}; write it as 10.20.0.0/16") from None
    if found.overlaps(IPv4Network(LINK_LOCAL)):
        raise ValueError(f"{value!r} touches {LINK_LOCAL}, where clouds give out the nodes' credentials: leave it out")
    # The VPC CNI denies to a wider rule what the rule for the internet excepts.
    for one in map(IPv4Network, NOT_INTERNET):
        if found.supernet_of(one) and found != one:
            raise ValueError(f"{value!r} is wider than the private range {one}: name its parts, such as {one}")
    return str(found)


AddressRange = Annotated[str, AfterValidator(_range), form("IPv4 range", _RANGE, "10.20.0.0/16", "203.0.113.7/32")]
Ranges = Annotated[Sequence[AddressRange], Field(min_length=1)]
_PRIVATE = f"By default the private ranges {', '.join(PRIVATE)}; in a cluster of kind eks it is known."


class Addresses(Model):
    """Ranges of addresses that network policies let pods reach beside pods, each in CIDR notation."""

    api_server: Ranges | None = Field(
        None,
        description="Where the API server is: the address of the Service `default/kubernetes`, and those behind it. "
        f"{_PRIVATE}",
    )
    nodes: Ranges | None = Field(None, description=f"Where the nodes are, whose kubelets Prometheus reads. {_PRIVATE}")
    endpoints: Sequence[AddressRange] = Field(
        (),
        description="Where outside endpoints are private that this file names: buckets, remote write, federation, "
        "webhooks, Elasticsearch, STS. By default none, and they lie on the internet.",
    )


def address_problems(data: Mapping[str, Any]) -> Iterable[Problem]:
    """Addresses that a cluster of kind eks has by itself."""
    addresses, cluster = data.get("addresses"), data.get("cluster")
    if not isinstance(addresses, Mapping) or not isinstance(cluster, Mapping) or cluster.get("kind") != "eks":
        return
    for key in _KNOWN:
        if addresses.get(key) is not None:
            yield Problem(("addresses", key), "a cluster of kind eks has its own, from `network`; remove the key")


def of_existing(config: Addresses) -> ClusterAddresses:
    """Those of a cluster that is there already, or of the sandbox."""
    return ClusterAddresses(
        api_server=tuple(config.api_server or PRIVATE),
        nodes=tuple(config.nodes or PRIVATE),
        endpoints=tuple(config.endpoints),
    )


def of_eks(config: Addresses, cluster: EksClusterConfig, zones: int) -> ClusterAddresses:
    """Those of a cluster over so many zones whose network is made with it.

    The control plane's interfaces are in subnets of their own, and the Service of the API server has the first address
    of the Services' range. Nodes and pods, and the private endpoints of STS and of the registry, are in the private
    subnets.
    """
    plan = vpc.plan(cluster.network, zones)
    private = tuple(map(str, plan.private))
    service = IPv4Network(cluster.service_network)[1]
    return ClusterAddresses(
        api_server=(f"{service}/32", *map(str, plan.control_plane)),
        nodes=private,
        cloud_services=private,
        endpoints=tuple(config.endpoints),
    )
