"""What selects by labels selects something: a selector that matches nothing fails without a word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from policy.inventory import each, in_order, opaque_namespaces, pods, services
from policy.label_selectors import selects_everything
from policy.model import About, Level, RuleConfig, Severity, Violation, stack_rule
from policy.subject import Stack, Subject
from policy.values import at, items, mapping

_BUDGET, _POLICY = "policy/PodDisruptionBudget", "networking.k8s.io/NetworkPolicy"
_SERVICE_MONITOR, _POD_MONITOR = "monitoring.coreos.com/ServiceMonitor", "monitoring.coreos.com/PodMonitor"
_TYPES = ("core/Service", _BUDGET, _POLICY, _SERVICE_MONITOR, _POD_MONITOR)
_FIELDS = {"core/Service": "spec.selector", _POLICY: "spec.podSelector"}


class SelectorsMatchConfig(RuleConfig):
    """`other_namespaces`: namespaces whose pods and Services this stack does not declare, and cannot be looked for."""

    # The Prometheus operator keeps a Service of the kubelets there.
    other_namespaces: tuple[str, ...] = ("kube-system",)


@stack_rule(
    About(
        name="selectors-match",
        title="Whatever selects by labels selects something",
        description=(
            "Every Service, PodDisruptionBudget, NetworkPolicy and PodMonitor selects pods of the stack, and every "
            "ServiceMonitor selects Services. One that matches nothing is accepted and does nothing: no traffic, no "
            "protection, no metrics."
        ),
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        remediation=(
            "Compare the selector with the labels of the pod template, or of the Service for a ServiceMonitor.",
            "Take both from one place, as components.naming.Scope.selector does.",
            "List namespaces that another stack fills in this rule's other_namespaces.",
        ),
    ),
    config=SelectorsMatchConfig,
)
def selectors_match(stack: Stack, config: SelectorsMatchConfig) -> Iterator[Violation]:
    """Each object whose selector matches nothing."""
    elsewhere = opaque_namespaces(stack) | set(config.other_namespaces)
    yield from each(stack.of_type(*_TYPES), partial(_judged, stack, elsewhere))


def _judged(stack: Stack, elsewhere: frozenset[str], subject: Subject) -> Iterator[Violation]:
    selector = _selector(subject)
    namespaces = _namespaces(subject)
    if selector is None or namespaces is None or elsewhere.intersection(namespaces):
        return
    among, what = (services, "Service") if subject.object_type == _SERVICE_MONITOR else (pods, "pod")
    candidates = stack.once(among)
    if not any(candidates.any_selected(namespace, selector) for namespace in namespaces):
        yield Violation(
            subject=subject,
            field=_FIELDS.get(subject.object_type, "spec.selector"),
            problem=f"selects no {what} of the stack",
            fix=f"let it ask for labels that the {what}s have",
        )


def _selector(subject: Subject) -> Mapping[str, Any] | None:
    """The label selector, or None if the object is not meant to select anything by itself."""
    spec = mapping(subject.props.get("spec"))
    if subject.object_type == "core/Service":
        labels = mapping(spec.get("selector"))
        # Without a selector somebody else keeps the endpoints.
        return {"matchLabels": labels} if labels and spec.get("type") != "ExternalName" else None
    selector = mapping(spec.get("podSelector" if subject.object_type == _POLICY else "selector"))
    # What holds for all pods of a namespace holds for those that are yet to come.
    return None if subject.object_type == _POLICY and selects_everything(selector) else selector


def _namespaces(subject: Subject) -> tuple[str, ...] | None:
    """Where it selects; None for everywhere, which cannot be looked through."""
    selector = mapping(at(subject.props, "spec", "namespaceSelector"))
    if subject.object_type not in (_SERVICE_MONITOR, _POD_MONITOR) or not selector:
        return (subject.namespace,)
    return None if selector.get("any") is True else in_order(items(selector.get("matchNames")))
