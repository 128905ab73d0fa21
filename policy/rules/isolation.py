"""A NetworkPolicy that lets everybody in is none."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from policy.frameworks import cis, nsa, pci
from policy.inventory import listed
from policy.label_selectors import selects_everything
from policy.model import About, Level, RuleConfig, Severity, Violation, resource_rule
from policy.subject import Subject
from policy.values import at, items, mapping, text

_FIX = "name the namespaces and pods that may connect"
# The shortest prefix that is still a network of somebody's own: 10.0.0.0/8 and a /32 of a provider's.
_SHORTEST = {4: 8, 6: 32}


class ClosedIngressConfig(RuleConfig):
    """`public`: labels of policies (`NetworkPolicy edge/gateway`) whose pods the internet is meant to reach."""

    public: tuple[str, ...] = ()


@resource_rule(
    About(
        name="closed-ingress",
        title="No NetworkPolicy lets in everybody",
        description=(
            "No ingress rule of a NetworkPolicy admits all sources, all namespaces or all addresses. What the internet "
            "reaches is the ingress controller's, whose policies are listed in `public`."
        ),
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        frameworks=(cis("5.3.2"), nsa("Network separation and hardening: network policies"), pci("1.3.1")),
        remediation=(
            "Name in `from` the namespaces (by kubernetes.io/metadata.name) and pods that may connect.",
            "List the policy in this rule's `public` if its pods are meant to be reached from everywhere.",
        ),
    ),
    applies_to={"networking.k8s.io/NetworkPolicy"},
    config=ClosedIngressConfig,
)
def closed_ingress(policy: Subject, config: ClosedIngressConfig) -> Iterator[Violation]:
    """Each ingress rule and each peer that is open to everybody."""
    if policy.label in config.public:
        return
    for index, rule in enumerate(listed(policy.props, "spec", "ingress")):
        field = f"spec.ingress[{index}]"
        if not items(rule.get("from")):
            yield Violation(field=field, problem="admits every source", fix=_FIX)
        for number, peer in enumerate(listed(rule, "from")):
            if problem := _problem(peer):
                yield Violation(field=f"{field}.from[{number}]", problem=problem, fix=_FIX)


def _problem(peer: Mapping[str, Any]) -> str | None:
    if "ipBlock" in peer:
        return "admits every address" if _is_wide(text(at(peer, "ipBlock", "cidr"))) else None
    if "namespaceSelector" in peer and selects_everything(mapping(peer["namespaceSelector"])):
        return "admits every namespace"
    return None if {"namespaceSelector", "podSelector"} & peer.keys() else "admits every source"


def _is_wide(cidr: str) -> bool:
    try:
        network = ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return False
    return network.prefixlen < _SHORTEST[network.version]
