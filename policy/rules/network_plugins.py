"""What the network plug-ins make of a NetworkPolicy: the same of each, or something else of one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from policy.engine.model import About, Level, RuleConfig, Severity, Violation, cis, nsa, stack_rule
from policy.engine.subject import Stack, Subject
from policy.facts.address_rules import (
    MOST_PORTS,
    AddressRule,
    Probe,
    address_rules,
    borders,
    by_specification,
    by_vpc_cni,
    overfull,
)
from policy.facts.inventory import listed, selects
from policy.facts.values import at, mapping
from policy.facts.workloads import pod_labels, pod_owners


@dataclass(frozen=True)
class _Ranged:
    """A NetworkPolicy with its address rules, by direction, each with where it stands."""

    subject: Subject
    rules: Mapping[str, Sequence[tuple[str, AddressRule]]]

    @classmethod
    def of(cls, subject: Subject) -> _Ranged:
        return cls(
            subject,
            {
                field: [
                    (f"spec.{field}[{index}]", found)
                    for index, rule in enumerate(listed(subject.props, "spec", field))
                    for found in address_rules(rule, peers)
                ]
                for field, peers in (("ingress", "from"), ("egress", "to"))
            },
        )


@stack_rule(
    About(
        name="plugin-semantics",
        title="A NetworkPolicy means the same to every network plug-in",
        description=(
            "By Kubernetes' specification rules only add up. To the VPC CNI's agent (v1.4.1) a range that one rule "
            "excepts is denied to the wider ranges of all rules of all policies of the pod, on all ports, and a range "
            "has 24 ports at most: what Calico and Cilium let through is then cut off on EKS."
        ),
        severity=Severity.HIGH,
        # In every tier: dev tells what will not work in production.
        level=Level.MANDATORY,
        frameworks=(cis("5.3.2"), nsa("Network separation and hardening: network policies")),
        remediation=(
            "Name in the wider rule the ranges that are meant (`10.20.0.0/16`) instead of all addresses.",
            "Or name in place of `except` the ranges that are left.",
        ),
    ),
    config=RuleConfig,
)
def plugin_semantics(stack: Stack, _config: RuleConfig) -> Iterator[Violation]:
    """Policies of the same pods whose address rules let through what the VPC CNI denies; each policy is named once."""
    policies = [_Ranged.of(subject) for subject in stack.of_type("networking.k8s.io/NetworkPolicy")]
    ranged = [one for one in policies if any(one.rules.values())]
    named: set[str] = set()
    for together in [*([one] for one in ranged), *_of_the_same_pods(stack, ranged)]:
        for field in ("ingress", "egress"):
            violation = _misread([(one, *rule) for one in together for rule in one.rules[field]])
            if violation and violation.subject and violation.subject.label not in named:
                named.add(violation.subject.label)
                yield violation


def _of_the_same_pods(stack: Stack, policies: Sequence[_Ranged]) -> Iterator[list[_Ranged]]:
    """The policies, where there are several, that select the pods of each sort."""
    by_namespace: dict[str, list[_Ranged]] = {}
    for one in policies:
        by_namespace.setdefault(one.subject.namespace, []).append(one)
    seen: set[tuple[str, ...]] = set()
    for owner in pod_owners(stack):
        for labels in pod_labels(owner) if len(by_namespace.get(owner.namespace, ())) > 1 else ():
            found = [
                one
                for one in by_namespace[owner.namespace]
                if selects(mapping(at(one.subject.props, "spec", "podSelector")), labels)
            ]
            names = tuple(one.subject.label for one in found)
            if len(found) > 1 and names not in seen:
                seen.add(names)
                yield found


def _misread(rules: Sequence[tuple[_Ranged, str, AddressRule]]) -> Violation | None:
    """What the agent makes of some rules of one direction that is not what they say."""
    all_rules = [rule for _, _, rule in rules]
    specified, by_agent = by_specification(all_rules), by_vpc_cni(all_rules)
    probe = next((one for one in borders(all_rules) if specified(one) != by_agent(one)), None)
    for found in overfull(all_rules):
        policy, where, _ = next(one for one in rules if one[2].network == found)
        problem = f"has more than {MOST_PORTS} ports for {found}, of which the VPC CNI drops those beyond"
        return Violation(subject=policy.subject, field=where, problem=problem, fix="use ranges of ports (`endPort`)")
    return _denied(rules, probe) if probe else None


def _denied(rules: Sequence[tuple[_Ranged, str, AddressRule]], probe: Probe) -> Violation:
    allowing = next(one for one in rules if by_specification([one[2]])(probe))
    hiding, what = _hiding(rules, probe)
    whose = "" if allowing[0] is hiding[0] else f" of {allowing[0].subject.label}"
    return Violation(
        subject=hiding[0].subject,
        field=hiding[1],
        problem=f"{what}, and so denies on the VPC CNI {probe.address}:{probe.port}/{probe.protocol}, which "
        f"{allowing[1]}{whose} allows by {allowing[2].network}",
        fix="name there the ranges that are meant, or here those that are left in place of the exception",
    )


def _hiding(
    rules: Sequence[tuple[_Ranged, str, AddressRule]], probe: Probe
) -> tuple[tuple[_Ranged, str, AddressRule], str]:
    """The rule by which the agent denies a connection, and what it says: an exception, or the narrowest range."""
    for one in rules:
        for excepted in one[2].excepted:
            if probe.address in excepted:
                return one, f"excepts {excepted}"
    narrowest = max((one for one in rules if probe.address in one[2].network), key=lambda one: one[2].network.prefixlen)
    return narrowest, f"has {narrowest[2].network} alone"
