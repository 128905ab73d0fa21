"""Who may talk to whom: isolation of namespaces and of pods; a NetworkPolicy that lets everybody in is none."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pulumi_policy.proxy import UnknownValueError

from policy.engine.model import About, Level, RuleConfig, Severity, Violation, cis, nsa, pci, resource_rule, stack_rule
from policy.engine.subject import Stack, Subject
from policy.facts.inventory import SelectorIndex, listed, selects_everything
from policy.facts.values import at, items, mapping, text
from policy.facts.workloads import pod_labels, pod_owners

_DNS_PORT = 53
_RULES = {"Ingress": "ingress", "Egress": "egress"}


class NetworkPolicyConfig(RuleConfig):
    """`other_namespaces`: namespaces whose policies somebody else keeps, and that are therefore not judged."""

    other_namespaces: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Policy:
    """A NetworkPolicy: whom it selects, and its rules by the directions that it governs."""

    selector: Any
    rules: Mapping[str, Sequence[Any]]

    @classmethod
    def of(cls, subject: Subject) -> _Policy:
        spec = mapping(subject.props.get("spec"))
        rules = {direction: items(spec.get(field)) for direction, field in _RULES.items()}
        # Without policyTypes it governs ingress, and egress if it has rules for it.
        types = items(spec.get("policyTypes")) or ("Ingress", *(["Egress"] if rules["Egress"] else []))
        return cls(spec.get("podSelector"), {direction: rules[direction] for direction in _RULES if direction in types})

    def denies_all(self, direction: str) -> bool:
        return direction in self.rules and not self.rules[direction] and selects_everything(self.selector)

    def allows_something(self) -> bool:
        """Whether traffic of the pods' own is let through: to look up names is not yet to talk to anybody."""
        return bool(self.rules.get("Ingress")) or not all(map(_is_name_lookup, self.rules.get("Egress", ())))


@dataclass(frozen=True)
class _Isolation:
    """The policies of a namespace."""

    policies: tuple[_Policy, ...] = ()

    @cached_property
    def allowing(self) -> SelectorIndex[_Policy]:
        """Those that allow something, by whom they select."""
        return SelectorIndex((policy.selector, policy) for policy in self.policies if policy.allows_something())


@stack_rule(
    About(
        name="network-policy",
        title="Namespaces deny by default, and every pod has the flows that it needs",
        description=(
            "Every namespace in which something runs has a NetworkPolicy that denies all ingress and all egress, and "
            "every pod is selected by one that allows it something besides DNS."
        ),
        severity=Severity.HIGH,
        # In every tier: a flow that was forgotten must show in dev, where it costs nothing.
        level=Level.MANDATORY,
        frameworks=(
            cis("5.3.2"),
            nsa("Network separation and hardening: network policies"),
            pci("1.3.1, 1.3.2"),
        ),
        remediation=(
            "Add to the namespace a NetworkPolicy with `podSelector: {}`, `policyTypes: [Ingress, Egress]`, no rules.",
            "Add for each workload a NetworkPolicy that selects its pods and allows just the flows that it has.",
        ),
    ),
    config=NetworkPolicyConfig,
)
def network_policy(stack: Stack, config: NetworkPolicyConfig) -> Iterator[Violation]:
    """Namespaces without default deny, and pods that no policy allows anything.

    A policy that a preview cannot read leaves everything open, and the rule is undecided; pods that it cannot read
    leave only themselves open, so all others are judged first.
    """
    isolations = _isolations(stack)
    occupied: dict[str, _Isolation] = {}
    unknown: list[UnknownValueError] = []
    for owner in pod_owners(stack):
        try:
            if owner.namespace not in config.other_namespaces:
                isolation = occupied.setdefault(owner.namespace, isolations.get(owner.namespace, _Isolation()))
                yield from _unselected(owner, isolation)
        except UnknownValueError as error:
            unknown.append(error)
    for namespace, isolation in occupied.items():
        yield from _not_denied(stack.namespace(namespace), isolation)
    if unknown:
        raise unknown[0]


def _isolations(stack: Stack) -> Mapping[str, _Isolation]:
    found: dict[str, list[_Policy]] = {}
    for subject in stack.of_type("networking.k8s.io/NetworkPolicy"):
        found.setdefault(subject.namespace, []).append(_Policy.of(subject))
    return {namespace: _Isolation(tuple(policies)) for namespace, policies in found.items()}


def _unselected(owner: Subject, isolation: _Isolation) -> Iterator[Violation]:
    for labels in pod_labels(owner):
        if next(isolation.allowing.matching(labels), None) is None:
            yield Violation(
                subject=owner,
                field="its pods",
                problem="are selected by no NetworkPolicy that allows them anything besides DNS",
                fix="add one that selects their labels and names the flows that they have",
            )


def _not_denied(namespace: Subject, isolation: _Isolation) -> Iterator[Violation]:
    for direction, field in _RULES.items():
        if not any(policy.denies_all(direction) for policy in isolation.policies):
            yield Violation(
                subject=namespace,
                field=f"default {field}",
                problem="is not denied by any NetworkPolicy",
                fix=f"add one with podSelector {{}}, policyTypes [{direction}] and no {field} rules",
            )


def _is_name_lookup(rule: Any) -> bool:
    ports = items(mapping(rule).get("ports"))
    return bool(ports) and all(at(port, "port") in (_DNS_PORT, str(_DNS_PORT)) for port in ports)


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
