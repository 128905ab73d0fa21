"""References by name or by labels lead somewhere: what mounts, points to or selects nothing fails without a word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from policy.engine.model import About, Level, RuleConfig, Severity, Violation, stack_rule
from policy.engine.subject import Stack, Subject
from policy.facts.inventory import (
    Names,
    each,
    in_order,
    listed,
    names,
    opaque_namespaces,
    pods,
    reference,
    selects_everything,
    services,
)
from policy.facts.kinds import KINDS
from policy.facts.references import PRIORITY_CLASS, references
from policy.facts.values import at, items, mapping, text
from policy.facts.workloads import WORKLOADS

_TYPES = (
    *sorted(WORKLOADS),
    "cert-manager.io/Certificate",
    "core/PersistentVolumeClaim",
    "external-secrets.io/ExternalSecret",
    "networking.k8s.io/Ingress",
    *sorted(name for name, one in KINDS.items() if one.references or one.volumes or one.priority),
)
_SECRET = "core/Secret"


class ReferencesExistConfig(RuleConfig):
    """`external`: what others provide, as `Kind name`; `*` stands for anything. The rest must be in the stack.

    Besides these what the environment's own configuration names: the program exports that as its output `provided`.
    """

    external: tuple[str, ...] = ("ConfigMap kube-root-ca.crt", "ServiceAccount default", "PriorityClass system-*")
    other_namespaces: tuple[str, ...] = ()


@stack_rule(
    About(
        name="references-exist",
        title="Whatever is referred to by name exists",
        description=(
            "ConfigMaps, Secrets, accounts, claims, storage and priority classes, issuers, stores, image catalogs and "
            "archives that an object names are in the stack, are made by an operator for an object of the stack, or "
            "are declared as external."
        ),
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        remediation=(
            "Correct the name, or add the object to the stack.",
            "If the cluster has it already, name it in the environment's file, or list it in this rule's `external`.",
        ),
    ),
    config=ReferencesExistConfig,
)
def references_exist(stack: Stack, config: ReferencesExistConfig) -> Iterator[Violation]:
    """Each reference to an object that nobody makes."""
    elsewhere = opaque_namespaces(stack) | set(config.other_namespaces)
    # Where the stack makes no priority class, the cluster's owner does.
    classes = () if next(stack.of_type(PRIORITY_CLASS), None) else ("PriorityClass *",)
    external = (*config.external, *classes, *map(text, items(stack.root.props.get("provided"))))
    yield from each(stack.of_type(*_TYPES), partial(_dangling, stack, external, elsewhere))


def _dangling(
    stack: Stack, external: tuple[str, ...], elsewhere: frozenset[str], subject: Subject
) -> Iterator[Violation]:
    existing, made = stack.once(names), stack.once(secrets_made)
    for one in references(subject):
        namespace = "" if one.is_cluster_scoped else subject.namespace
        kind = one.object_type.rpartition("/")[2]
        if namespace in elsewhere or any(fnmatchcase(f"{kind} {one.name}", each) for each in external):
            continue
        of_operator = one.object_type == _SECRET and made.has(_SECRET, namespace, one.name)
        if not of_operator and not existing.has(one.object_type, namespace, one.name):
            yield Violation(
                subject=subject,
                field=one.field,
                problem=f"names {kind} {one.name!r}, which nobody makes",
                fix="correct the name, add the object, or declare it as external",
            )


def secrets_made(stack: Stack) -> Names:
    """The Secrets that operators make for objects of the stack."""
    found = Names()
    for one in stack.of_type("external-secrets.io/ExternalSecret"):
        target = text(at(one.props, "spec", "target", "name")) or _name(one)
        found.add(_SECRET, one.namespace, target)
    for one in stack.of_type("bitnami.com/SealedSecret"):
        found.add(_SECRET, one.namespace, _name(one))
    for one in stack.of_type("cert-manager.io/Certificate"):
        found.add(_SECRET, one.namespace, text(at(one.props, "spec", "secretName")))
    for one in stack.of_type("networking.k8s.io/Ingress"):
        for entry in listed(one.props, "spec", "tls"):
            found.add(_SECRET, one.namespace, text(entry.get("secretName")))
    for one in stack.of_type(*KINDS):
        found.add(_SECRET, one.namespace, *KINDS[one.object_type].secrets(_name(one)))
    return found


def _name(subject: Subject) -> str:
    return text(at(subject.props, "metadata", "name"))


_AUTOSCALER = "autoscaling/HorizontalPodAutoscaler"
_SCALED_OBJECT = "keda.sh/ScaledObject"
# Where each kind keeps its references of apiVersion, kind and name.
_REFERENCES = {
    _AUTOSCALER: ("scaleTargetRef",),
    "autoscaling.k8s.io/VerticalPodAutoscaler": ("targetRef",),
    _SCALED_OBJECT: ("scaleTargetRef",),
    "flagger.app/Canary": ("targetRef", "autoscalerRef", "ingressRef"),
}
_DEFAULT_TYPES = {_SCALED_OBJECT: "apps/Deployment"}
_STATEFUL_SET = "apps/StatefulSet"
_INGRESS = "networking.k8s.io/Ingress"
_ROUTES = ("gateway.networking.k8s.io/HTTPRoute", "gateway.networking.k8s.io/GRPCRoute")


class TargetsExistConfig(RuleConfig):
    """`other_namespaces`: namespaces that another stack fills, whose objects cannot be looked for."""

    other_namespaces: tuple[str, ...] = ()


@stack_rule(
    About(
        name="targets-exist",
        title="Autoscalers, canaries and routes point to objects that exist",
        description=(
            "What a HorizontalPodAutoscaler, VerticalPodAutoscaler, ScaledObject or Canary scales or releases, and the "
            "Services behind an Ingress, a route or a StatefulSet, are objects of the stack. A reference to nothing "
            "is accepted: the autoscaler never scales, and the route answers 503."
        ),
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        remediation=(
            "Compare apiVersion, kind and name with those of the object that is meant; both are in one namespace.",
            "List namespaces that another stack fills in this rule's other_namespaces.",
        ),
    ),
    config=TargetsExistConfig,
)
def targets_exist(stack: Stack, config: TargetsExistConfig) -> Iterator[Violation]:
    """Each reference to an object that the stack does not have."""
    elsewhere = opaque_namespaces(stack) | set(config.other_namespaces)
    kinds = (*_REFERENCES, _STATEFUL_SET, _INGRESS, *_ROUTES)
    yield from each(stack.of_type(*kinds), partial(_judged_target, stack, elsewhere))


def _judged_target(stack: Stack, elsewhere: frozenset[str], subject: Subject) -> Iterator[Violation]:
    existing = stack.once(names)
    for field, namespace, object_type, name in _references(subject):
        if name and namespace not in elsewhere and not existing.has(object_type, namespace, name):
            kind = object_type.rpartition("/")[2]
            yield Violation(
                subject=subject,
                field=field,
                problem=f"names {kind} {name!r}, which the stack does not have in namespace {namespace}",
                fix=f"name a {kind} that is there",
            )


def _references(subject: Subject) -> Iterator[tuple[str, str, str, str]]:
    """(field, namespace, object type, name) of everything that the object points to."""
    for field in _REFERENCES.get(subject.object_type, ()):
        object_type, name = reference(subject, "spec", field)
        object_type = object_type or _DEFAULT_TYPES.get(subject.object_type, "")
        if object_type:
            yield f"spec.{field}", subject.namespace, object_type, name
    if subject.object_type == _STATEFUL_SET:
        yield "spec.serviceName", subject.namespace, "core/Service", text(at(subject.props, "spec", "serviceName"))
    elif subject.object_type == _INGRESS:
        yield from _ingress_backends(subject)
    elif subject.object_type in _ROUTES:
        yield from _route_backends(subject)


def _ingress_backends(ingress: Subject) -> Iterator[tuple[str, str, str, str]]:
    default = text(at(ingress.props, "spec", "defaultBackend", "service", "name"))
    yield "spec.defaultBackend", ingress.namespace, "core/Service", default
    for index, rule in enumerate(listed(ingress.props, "spec", "rules")):
        for number, path in enumerate(listed(rule, "http", "paths")):
            name = text(at(path, "backend", "service", "name"))
            yield f"spec.rules[{index}].http.paths[{number}].backend", ingress.namespace, "core/Service", name


def _route_backends(route: Subject) -> Iterator[tuple[str, str, str, str]]:
    for index, rule in enumerate(listed(route.props, "spec", "rules")):
        for number, backend in enumerate(listed(rule, "backendRefs")):
            if (backend.get("kind") or "Service") == "Service":
                namespace = text(backend.get("namespace")) or route.namespace
                field = f"spec.rules[{index}].backendRefs[{number}]"
                yield field, namespace, "core/Service", text(backend.get("name"))


_BUDGET, _POLICY = "policy/PodDisruptionBudget", "networking.k8s.io/NetworkPolicy"
_SERVICE_MONITOR, _POD_MONITOR = "monitoring.coreos.com/ServiceMonitor", "monitoring.coreos.com/PodMonitor"
_SELECTING = ("core/Service", _BUDGET, _POLICY, _SERVICE_MONITOR, _POD_MONITOR)
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
            "Take both from one place, as components.kubernetes.naming.Scope.selector does.",
            "List namespaces that another stack fills in this rule's other_namespaces.",
        ),
    ),
    config=SelectorsMatchConfig,
)
def selectors_match(stack: Stack, config: SelectorsMatchConfig) -> Iterator[Violation]:
    """Each object whose selector matches nothing."""
    elsewhere = opaque_namespaces(stack) | set(config.other_namespaces)
    yield from each(stack.of_type(*_SELECTING), partial(_judged_selector, stack, elsewhere))


def _judged_selector(stack: Stack, elsewhere: frozenset[str], subject: Subject) -> Iterator[Violation]:
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
