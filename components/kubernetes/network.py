"""Network policies from a list of named flows: who may talk to whom, on which ports."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import pulumi
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from components.kubernetes.addresses import ClusterAddresses
from components.kubernetes.naming import NAMESPACE_NAME_LABEL, Scope

if TYPE_CHECKING:
    from pulumi_kubernetes.networking.v1 import NetworkPolicyPeerArgsDict, NetworkPolicyPortArgsDict


@dataclass(frozen=True)
class Block:
    """A range of addresses in CIDR notation, without those `outside` of what is meant."""

    cidr: str
    outside: tuple[str, ...] = ()


# Where something is that has no labels: a cluster's addresses say which ranges that are.
Place = Callable[[ClusterAddresses], Sequence[Block]]


@dataclass(frozen=True, kw_only=True)
class Peer:
    """The other end of a flow: pods by label and namespace, or the addresses of a place.

    Without a `namespace`, `pods` are those of the policy's own namespace; with one and no `pods`, all of its pods.
    """

    pods: Mapping[str, str] | None = None
    namespace: str | None = None
    place: Place | None = None

    def as_arguments(self, addresses: ClusterAddresses) -> list[NetworkPolicyPeerArgsDict]:
        """The entries of `from`/`to` of a NetworkPolicy; none for a place that the cluster does not have."""
        if self.place is not None:
            return [_block(one) for one in self.place(addresses)]
        peer: dict[str, Any] = {}
        if self.namespace is not None:
            peer["namespace_selector"] = {"match_labels": {NAMESPACE_NAME_LABEL: self.namespace}}
        if self.pods is not None:
            peer["pod_selector"] = {"match_labels": dict(self.pods)}
        return [peer]


def _block(block: Block) -> NetworkPolicyPeerArgsDict:
    return {"ip_block": {"cidr": block.cidr, **({"except_": list(block.outside)} if block.outside else {})}}


@dataclass(frozen=True, kw_only=True)
class Flow:
    """Traffic that is allowed: a peer and the ports on the listening side; `protocols` default to TCP."""

    peer: Peer
    ports: Sequence[int]
    protocols: Sequence[str] = field(default=("TCP",))

    def on(self, *ports: int) -> Flow:
        """The same way on other ports."""
        return replace(self, ports=ports)

    def port_arguments(self) -> list[NetworkPolicyPortArgsDict]:
        """The `ports` entry of a NetworkPolicy rule."""
        return [{"port": port, "protocol": protocol} for port in self.ports for protocol in self.protocols]


def scrapes(monitoring: Peer | None, port: int) -> tuple[Flow, ...]:
    """The flow by which metrics are read, if anybody reads them."""
    return (Flow(peer=monitoring, ports=(port,)),) if monitoring else ()


def allow(
    name: str,
    *,
    scope: Scope,
    component: str,
    pods: Mapping[str, str],
    excluding: Mapping[str, str] | None = None,
    ingress: Sequence[Flow] = (),
    egress: Sequence[Flow] = (),
    opts: pulumi.ResourceOptions,
) -> NetworkPolicy:
    """A NetworkPolicy `component` that lets just these flows reach or leave `pods` (label selector, {} for all).

    Pods that have one of the labels `excluding` are left to another policy. Places are those of the scope's cluster.
    """
    inward, outward = _rules(ingress, "from_", scope.addresses), _rules(egress, "to", scope.addresses)
    return NetworkPolicy(
        name,
        metadata=scope.metadata(component),
        spec={
            "pod_selector": _selector(pods, excluding or {}),
            "policy_types": [*(["Ingress"] if ingress else []), *(["Egress"] if egress else [])],
            **({"ingress": inward} if ingress else {}),
            **({"egress": outward} if egress else {}),
        },
        opts=opts,
    )


def _selector(pods: Mapping[str, str], excluding: Mapping[str, str]) -> dict[str, Any]:
    labels = {"match_labels": dict(pods)} if pods else {}
    others = [{"key": key, "operator": "NotIn", "values": [value]} for key, value in excluding.items()]
    return labels | ({"match_expressions": others} if others else {})


def _rules(
    flows: Sequence[Flow], direction: Literal["from_", "to"], addresses: ClusterAddresses
) -> list[dict[str, object]]:
    """A rule for each flow. One without peers is left out: it would let everybody through."""
    found = [(flow.peer.as_arguments(addresses), flow.port_arguments()) for flow in flows]
    return [{direction: peers, "ports": ports} for peers, ports in found if peers]
