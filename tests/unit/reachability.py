"""Who may talk to whom: Kubernetes' rules for NetworkPolicies, on recorded policies.

https://kubernetes.io/docs/concepts/services-networking/network-policies/: a pod that some policy selects for a
direction may have only the traffic of that direction that one of them allows; a connection needs both of its ends.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from graph.model import Graph
from tests.unit.recordings import Body, objects

_NAMESPACE = "kubernetes.io/metadata.name"


@dataclass(frozen=True)
class End:
    """One end of a connection: a pod by its namespace and labels, or an address outside the cluster."""

    name: str
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    address: str = ""


class Connection(NamedTuple):
    """A connection that the policies let through; `port` is the listening one."""

    source: str
    target: str
    port: int
    protocol: str = "TCP"

    def __str__(self) -> str:
        return f"{self.source} -> {self.target}:{self.port}/{self.protocol}"


class Policies:
    """All NetworkPolicies of an environment."""

    def __init__(self, graph: Graph) -> None:
        self._policies = objects(graph, "NetworkPolicy")
        self._namespaces = {
            body["metadata"]["name"]: {**body["metadata"].get("labels", {}), _NAMESPACE: body["metadata"]["name"]}
            for body in objects(graph, "Namespace")
        }

    def connections(
        self, sources: Iterable[End], targets: Sequence[End], ports: Sequence[tuple[int, str]]
    ) -> set[Connection]:
        """All that is let through between these ends on these ports (with their protocols)."""
        return {
            Connection(source.name, target.name, port, protocol)
            for source in sources
            for target in targets
            for port, protocol in ports
            if self._allow(source, target, port, protocol)
        }

    def _allow(self, source: End, target: End, port: int, protocol: str) -> bool:
        return self._lets(source, "Egress", target, port, protocol) and self._lets(
            target, "Ingress", source, port, protocol
        )

    def _lets(self, pod: End, direction: str, other: End, port: int, protocol: str) -> bool:
        if pod.address:
            return True
        mine = [
            policy
            for policy in self._policies
            if policy["metadata"]["namespace"] == pod.namespace
            and direction in policy["spec"]["policyTypes"]
            and _matches(policy["spec"]["podSelector"], pod.labels)
        ]
        key, peers = ("egress", "to") if direction == "Egress" else ("ingress", "from")
        rules = [rule for policy in mine for rule in policy["spec"].get(key, [])]
        return not mine or any(
            self._is_peer(rule.get(peers), other, pod.namespace) and _has_port(rule.get("ports"), port, protocol)
            for rule in rules
        )

    def _is_peer(self, peers: Sequence[Body] | None, other: End, namespace: str) -> bool:
        return not peers or any(self._is(peer, other, namespace) for peer in peers)

    def _is(self, peer: Body, other: End, namespace: str) -> bool:
        if "ipBlock" in peer:
            return bool(other.address) and _inside(peer["ipBlock"], other.address)
        if other.address:
            return False
        if "namespaceSelector" in peer:
            labels = self._namespaces.get(other.namespace, {_NAMESPACE: other.namespace})
            return _matches(peer["namespaceSelector"], labels) and _matches(peer.get("podSelector"), other.labels)
        return other.namespace == namespace and _matches(peer["podSelector"], other.labels)


def _matches(selector: Body | None, labels: Mapping[str, str]) -> bool:
    selector = selector or {}
    assert selector.keys() <= {"matchLabels", "matchExpressions"}, f"the model knows no {', '.join(selector)}"
    return bool(selector.get("matchLabels", {}).items() <= labels.items()) and all(
        _excluded(expression, labels) for expression in selector.get("matchExpressions", ())
    )


def _excluded(expression: Body, labels: Mapping[str, str]) -> bool:
    assert expression["operator"] == "NotIn", f"the model knows no {expression['operator']}"
    return labels.get(expression["key"]) not in expression["values"]


def _has_port(ports: Sequence[Body] | None, port: int, protocol: str) -> bool:
    return not ports or any(one["port"] == port and one.get("protocol", "TCP") == protocol for one in ports)


def _inside(block: Body, address: str) -> bool:
    ip = ipaddress.ip_address(address)
    outside = (ipaddress.ip_network(cidr) for cidr in block.get("except", []))
    return ip in ipaddress.ip_network(block["cidr"]) and not any(ip in network for network in outside)
