"""What points to an object by its name points to one that is there."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from policy.inventory import each, listed, names, opaque_namespaces, reference
from policy.model import About, Level, RuleConfig, Severity, Violation, stack_rule
from policy.subject import Stack, Subject
from policy.values import at, text

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
    yield from each(stack.of_type(*kinds), partial(_judged, stack, elsewhere))


def _judged(stack: Stack, elsewhere: frozenset[str], subject: Subject) -> Iterator[Violation]:
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
