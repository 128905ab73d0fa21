"""What the address rules of NetworkPolicies mean: by Kubernetes' specification, and to the agent of AWS' VPC CNI.

The agent keeps one table for each pod, of all policies that select it, in which the longest prefix wins: a range which
one rule excepts is denied to the wider ranges of all others. By the specification rules only add up. Followed here is
aws-network-policy-agent v1.4.1: `ComputeMapEntriesFromEndpointRules` in pkg/fwruleprocessor/fw_rule_processor.go,
and `evaluateNamespacePolicyByLookUp` in pkg/ebpf/c/tc.v4egress.bpf.c.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from policy.facts.values import items, mapping, text

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# The agent's tables hold so many ports for each range, and drop those beyond.
MOST_PORTS = 24


class Ports(NamedTuple):
    """Ports from `first` to `last` of a protocol; 0 to 65535 are all of them."""

    protocol: str
    first: int
    last: int

    def has(self, protocol: str, port: int) -> bool:
        """Whether a port is among them."""
        return self.protocol in (protocol, _ANY) and self.first <= port <= self.last


_ANY = "any"
EVERY_PORT = Ports(_ANY, 0, 65535)


class AddressRule(NamedTuple):
    """A range that is let through on some ports, without those parts of it that are excepted."""

    network: Network
    excepted: tuple[Network, ...]
    ports: frozenset[Ports]

    def has(self, address: Address) -> bool:
        """Whether an address is meant."""
        return address in self.network and not any(address in one for one in self.excepted)


class Probe(NamedTuple):
    """A connection that a table of rules is asked about."""

    address: Address
    protocol: str
    port: int


Verdict = Callable[[Probe], bool]


def network(cidr: str) -> Network | None:
    """The range of a text in CIDR notation; None where it is none."""
    try:
        return ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return None


def address_rules(rule: Mapping[str, Any], peers: str) -> Iterator[AddressRule]:
    """The address rules of one rule of a NetworkPolicy, whose `peers` are below `from` or `to`."""
    ports = port_ranges(rule)
    for peer in items(rule.get(peers)):
        block = mapping(mapping(peer).get("ipBlock"))
        found = network(text(block.get("cidr")))
        if found and ports:
            excepted = (network(text(one)) for one in items(block.get("except")))
            yield AddressRule(found, tuple(filter(None, excepted)), ports)


def port_ranges(rule: Mapping[str, Any]) -> frozenset[Ports]:
    """The ports of a rule. A named one means a port of pods alone, and none of an address."""
    ports = [mapping(one) for one in items(rule.get("ports"))]
    if not ports:
        return frozenset({EVERY_PORT})
    return frozenset(found for found in map(_ports, ports) if found)


def _ports(port: Mapping[str, Any]) -> Ports | None:
    protocol, first = text(port.get("protocol")) or "TCP", port.get("port")
    if first is None:
        return Ports(protocol, 0, 65535)
    try:
        return Ports(protocol, int(first), int(port.get("endPort") or first))
    except (TypeError, ValueError):
        return None


def by_specification(rules: Sequence[AddressRule]) -> Verdict:
    """A connection passes if any rule lets it pass."""

    def passes(probe: Probe) -> bool:
        return any(one.has(probe.address) and _open(one.ports, probe) for one in rules)

    return passes


def by_vpc_cni(rules: Sequence[AddressRule]) -> Verdict:
    """The entry with the longest prefix decides. `rules` are those of all policies that select the pod."""
    table = _table(rules)
    sizes = sorted({one.prefixlen for one in table}, reverse=True)

    def passes(probe: Probe) -> bool:
        for size in sizes:
            if size <= probe.address.max_prefixlen and (key := _network_of(probe.address, size)) in table:
                return _open(table[key], probe)
        return False

    return passes


def overfull(rules: Sequence[AddressRule]) -> Iterator[Network]:
    """The ranges for which the agent has more ports than it keeps: which of them are dropped nobody can tell."""
    return (found for found, ports in _table(rules).items() if len(ports) > MOST_PORTS)


def _table(rules: Sequence[AddressRule]) -> dict[Network, frozenset[Ports]]:
    """The ports of each range in the agent's table; none where it denies everything."""
    made: dict[Network, AddressRule] = {}
    for rule in sorted(rules, key=lambda one: one.network.prefixlen):
        before = made.get(rule.network)
        if before:
            made[rule.network] = AddressRule(
                rule.network, (*rule.excepted, *before.excepted), rule.ports | before.ports
            )
            continue
        # A range has what is let through to the wider ones, unless its first address is excepted there.
        first = rule.network.network_address
        wider = [one.ports for one in made.values() if _is_range(one.network) and one.has(first)]
        made[rule.network] = rule._replace(ports=rule.ports.union(*wider))
    table = {one.network: one.ports for one in made.values()}
    for rule in rules:
        for excepted in rule.excepted:
            table.setdefault(excepted, frozenset())
    return table


def _is_range(network: Network) -> bool:
    return network.prefixlen < network.max_prefixlen


def _network_of(address: Address, prefix: int) -> Network:
    return ipaddress.ip_network((address, prefix), strict=False)


def _open(ports: Iterable[Ports], probe: Probe) -> bool:
    return any(one.has(probe.protocol, probe.port) for one in ports)


def borders(rules: Sequence[AddressRule]) -> Iterator[Probe]:
    """One connection at least into each part that the ranges of some rules cut the addresses into, on each port."""
    networks = {found for rule in rules for found in (rule.network, *rule.excepted)}
    addresses = {one for found in networks for one in _ends(found)}
    ports = {(one.protocol, port) for rule in rules for one in rule.ports for port in (one.first, one.last)}
    for address in sorted(addresses, key=lambda one: (one.version, int(one))):
        for protocol, port in sorted(ports):
            yield Probe(address, "TCP" if protocol == _ANY else protocol, port)


def _ends(network: Network) -> Iterator[Address]:
    """The first and the last address of a range, and those beside it."""
    first, last = network.network_address, network.broadcast_address
    yield from (first, last)
    if int(first) > 0:
        yield first - 1
    if int(last) < 2**network.max_prefixlen - 1:
        yield last + 1
