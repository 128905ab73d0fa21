"""Whether a connection passes the NetworkPolicies, as each network plug-in has it.

The specification and Calico: https://kubernetes.io/docs/concepts/services-networking/network-policies/, after a Service
has been resolved.
The VPC CNI: aws-network-policy-agent v1.4.1 (policy/facts/address_rules.py has its tables) with what
amazon-network-policy-controller-k8s v1.1.7 tells it, pkg/resolvers/endpoints.go: what leaves a pod is judged before a
Service is resolved, and a Service's address is let through where its selector has all that the policy asks of pods.
Cilium v1.18 (https://docs.cilium.io/en/stable/security/policy/language/#ip-cidr-based): `ipBlock` means no pods, and
nodes, with an API server on one of them, only where `policy-cidr-match-mode` says `nodes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from ipaddress import ip_address, ip_network

from policy.facts.address_rules import (
    AddressRule,
    Ports,
    Probe,
    Verdict,
    address_rules,
    by_specification,
    by_vpc_cni,
    overfull,
    port_ranges,
)
from policy.facts.inventory import selects
from tests.unit.network.world import Place, Pod, Service, World
from tests.unit.recordings import Body, objects

Target = Pod | Service | Place
_PEERS = {"egress": "to", "ingress": "from"}


class Plugin:
    """What all of them have in common: both ends must let a connection through, and what no policy selects is open."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._policies = objects(world.graph, "NetworkPolicy")
        self._leaving: Callable[[str], Verdict | None] = cache(lambda name: self._verdict(name, "egress"))
        self._coming: Callable[[str], Verdict | None] = cache(lambda name: self._verdict(name, "ingress"))
        self._pods = {one.address: one for one in world.pods}

    def passes(self, source: Pod, target: Target, port: int, protocol: str = "TCP") -> bool:
        """Whether a connection from a pod passes; to a Service, whether it passes to every pod behind it."""
        ends = list(self.ends(target, port))
        return bool(ends) and all(
            self._lets(self._leaving(source.address), left, left_port, protocol)
            and self._lets(self._coming(came), source.address, came_port, protocol)
            for left, left_port, came, came_port in ends
        )

    def ends(self, target: Target, port: int) -> Iterator[tuple[str, int, str, int]]:
        """For each pod or address behind a target: what the source's policies see, and where it comes to."""
        if isinstance(target, Service):
            for pod, number in self.world.behind(target, port):
                yield (pod.address, number, pod.address, number)
            return
        address = target.behind or target.address if isinstance(target, Place) else target.address
        yield (address, port, address, port)

    def policies(self, pod: Pod, direction: str) -> list[Body]:
        """Those that select a pod and govern a direction."""
        return [
            one
            for one in self._policies
            if one["metadata"]["namespace"] == pod.namespace
            and direction.title() in one["spec"]["policyTypes"]
            and selects(one["spec"]["podSelector"], pod.labels)
        ]

    def rules(self, pod: Pod, direction: str) -> list[AddressRule]:
        """The rules of all policies of a pod, with pods as addresses."""
        found: list[AddressRule] = []
        for policy in self.policies(pod, direction):
            for rule in policy["spec"].get(direction, ()):
                found += self.blocks(rule, _PEERS[direction])
                found += self.peers(rule, _PEERS[direction], pod.namespace)
        return found

    def blocks(self, rule: Body, peers: str) -> Iterator[AddressRule]:
        """The ranges of a rule."""
        return address_rules(rule, peers)

    def peers(self, rule: Body, peers: str, namespace: str) -> Iterator[AddressRule]:
        """The pods that a rule means, each as an address."""
        for peer in rule.get(peers, ()):
            if "ipBlock" not in peer:
                for one in self.namespaces(peer, namespace):
                    yield from self.within(one, peer.get("podSelector"), rule)

    def within(self, namespace: str, selector: Body | None, rule: Body) -> Iterator[AddressRule]:
        """The pods of one namespace that a peer means."""
        for pod in self.world.of(namespace, selector):
            yield AddressRule(ip_network(pod.address), (), port_ranges(rule))

    def namespaces(self, peer: Body, own: str) -> list[str]:
        """The namespaces that a peer means."""
        if "namespaceSelector" not in peer:
            return [own]
        names = dict.fromkeys(one.namespace for one in self.world.pods)
        return [one for one in names if selects(peer["namespaceSelector"], self.world.namespace(one))]

    def table(self, rules: list[AddressRule]) -> Verdict:
        """What the plug-in makes of the rules of a pod."""
        return by_specification(rules)

    def _verdict(self, address: str, direction: str) -> Verdict | None:
        pod = self._pods.get(address)
        if pod is None or not self.policies(pod, direction):
            return None
        return self.table(self.rules(pod, direction))

    def _lets(self, verdict: Verdict | None, address: str, port: int, protocol: str) -> bool:
        return verdict is None or verdict(Probe(ip_address(address), protocol, port))


class Calico(Plugin):
    """The specification to the letter."""


class VpcCni(Plugin):
    """Of AWS: see the module."""

    def ends(self, target: Target, port: int) -> Iterator[tuple[str, int, str, int]]:
        if isinstance(target, Service) and target.address:
            for pod, number in self.world.behind(target, port):
                yield (target.address, port, pod.address, number)
        elif isinstance(target, Place):
            yield (target.address, port, target.behind or target.address, port)
        else:
            yield from super().ends(target, port)

    def within(self, namespace: str, selector: Body | None, rule: Body) -> Iterator[AddressRule]:
        yield from super().within(namespace, selector, rule)
        for service in self.world.services:
            meant = service.namespace == namespace and selects(selector, service.selector)
            if service.address and meant and (ports := self._ports(service, rule)):
                yield AddressRule(ip_network(service.address), (), ports)

    def _ports(self, service: Service, rule: Body) -> frozenset[Ports]:
        """The Service's ports that lead to nothing but what the rule allows (getMatchingServicePort, and
        hasTargetPortBypass)."""
        allowed = port_ranges(rule)
        return frozenset(
            Ports(protocol, port, port)
            for port in service.ports
            for protocol in {one.protocol for one in allowed}
            if (found := self.world.behind(service, port))
            and all(any(one.has(protocol, number) for one in allowed) for _, number in found)
        )

    def table(self, rules: list[AddressRule]) -> Verdict:
        assert not list(overfull(rules)), "a range has more ports than the agent keeps"
        return by_vpc_cni(rules)


class Cilium(Plugin):
    """With `policy-cidr-match-mode: nodes`, which the documentation asks for, or without."""

    def __init__(self, world: World, *, nodes: bool = True) -> None:
        self._nodes = nodes
        self._hidden = {one.address for one in world.pods}
        beside = (world.node, world.api_behind)
        self._hidden |= {one.address for one in beside if one.node and not nodes}
        super().__init__(world)

    def _verdict(self, address: str, direction: str) -> Verdict | None:
        pod = self._pods.get(address)
        if pod is None or not self.policies(pod, direction):
            return None
        ranges: list[AddressRule] = []
        pods: list[AddressRule] = []
        for policy in self.policies(pod, direction):
            for rule in policy["spec"].get(direction, ()):
                ranges += self.blocks(rule, _PEERS[direction])
                pods += self.peers(rule, _PEERS[direction], pod.namespace)
        by_range, by_pod = by_specification(ranges), by_specification(pods)
        return lambda probe: by_pod(probe) or (str(probe.address) not in self._hidden and by_range(probe))


def plugins(world: World) -> Mapping[str, Plugin]:
    """All of them, by name."""
    return {"the specification": Calico(world), "the VPC CNI": VpcCni(world), "Cilium": Cilium(world)}
