"""Ports: that they lead somewhere, and that nobody needs rights to open them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from policy.engine.model import About, Level, RuleConfig, Severity, Violation, resource_rule, stack_rule
from policy.engine.subject import Stack, Subject
from policy.facts.inventory import SelectorIndex, each, listed
from policy.facts.values import at, items, mapping, text, whole
from policy.facts.workloads import POD_TEMPLATES, WORKLOADS, all_containers, containers, pod_labels, pod_owners

# Below this Linux asks for a capability.
_PRIVILEGED = 1024


@stack_rule(
    About(
        name="service-ports",
        title="The ports of Services lead to ports of containers",
        description=(
            "Each targetPort that a Service names is the name of a port of the pods that it selects. Else it has no "
            "endpoints: connections are refused, and nothing says why."
        ),
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        remediation=("Name a port of the container in targetPort, or add the port to the container.",),
    ),
    config=RuleConfig,
)
def service_ports(stack: Stack, config: RuleConfig) -> Iterator[Violation]:
    """Each name of a port that no selected container has. Pods that an operator makes cannot be looked into."""
    yield from each(stack.of_type("core/Service"), partial(_misled, stack.once(_ports)))


def _ports(stack: Stack) -> Mapping[str, set[str] | None]:
    """By the URN of a Service the names of the ports of its pods; None where some of them cannot be seen."""
    services: dict[str, list[tuple[object, Subject]]] = {}
    for service in stack.of_type("core/Service"):
        labels = mapping(at(service.props, "spec", "selector"))
        if labels:
            services.setdefault(service.namespace, []).append(({"matchLabels": labels}, service))
    indices = {namespace: SelectorIndex(pairs) for namespace, pairs in services.items()}
    found: dict[str, set[str] | None] = {}
    for owner in pod_owners(stack):
        index = indices.get(owner.namespace)
        for service in (one for labels in pod_labels(owner) for one in index.matching(labels)) if index else ():
            named = found.setdefault(service.urn, set())
            if owner.object_type not in POD_TEMPLATES:
                found[service.urn] = None
            elif named is not None:
                named.update(text(port.get("name")) for one in containers(owner) for port in listed(one.props, "ports"))
    return found


def _misled(ports: Mapping[str, set[str] | None], service: Subject) -> Iterator[Violation]:
    named = ports.get(service.urn)
    for index, port in enumerate(listed(service.props, "spec", "ports")) if named is not None else ():
        target = text(port.get("targetPort"))
        if target and target not in (named or ()):
            yield Violation(
                subject=service,
                field=f"spec.ports[{index}].targetPort",
                problem=f"names {target!r}, which no container of its pods has",
                fix="name a port of the container",
            )


class UnprivilegedPortsConfig(RuleConfig):
    """`allowed`: ports below 1024 that containers may state."""

    allowed: tuple[int, ...] = ()


@resource_rule(
    About(
        name="unprivileged-ports",
        title="Containers listen on ports that need no privilege",
        description=(
            "No container states a port below 1024, for which it would have to be root or have NET_BIND_SERVICE. Port "
            "22 is a second way in, past the API server and its log."
        ),
        severity=Severity.LOW,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        remediation=("Listen on 8080 or another port above 1023; the Service may still be on 80.",),
    ),
    applies_to=WORKLOADS,
    config=UnprivilegedPortsConfig,
)
def unprivileged_ports(workload: Subject, config: UnprivilegedPortsConfig) -> Iterator[Violation]:
    """Each port that takes a privilege. A container that states the capability has been asked about it already."""
    for container in all_containers(workload):
        added = items(at(container.props, "securityContext", "capabilities", "add"))
        for index, port in enumerate(items(container.props.get("ports"))):
            number = whole(at(port, "containerPort"))
            privileged = number is not None and number < _PRIVILEGED and number not in config.allowed
            if privileged and (number == 22 or "NET_BIND_SERVICE" not in added):
                yield Violation(
                    container=container.label,
                    field=f"ports[{index}].containerPort",
                    problem=f"is {number}",
                    fix="listen above 1023",
                )
