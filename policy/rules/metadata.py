"""How an object says what it is and whose, who decides what it looks like, and what every namespace has."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from policy.engine.model import (
    About,
    Level,
    RuleConfig,
    Severity,
    Violation,
    cis,
    nsa,
    pci,
    pss,
    resource_rule,
    stack_rule,
)
from policy.engine.subject import ANY_OBJECT, Stack, Subject
from policy.facts.inventory import each
from policy.facts.values import at, items, mapping, text, within
from policy.facts.workloads import POD_TEMPLATES, WORKLOADS, pod_template

_NAME, _MANAGED_BY = "app.kubernetes.io/name", "app.kubernetes.io/managed-by"


class RequiredLabelsConfig(RuleConfig):
    """`labels`: those that every object and every pod template has. `managed_by`: what a repair writes as manager."""

    labels: tuple[str, ...] = (
        _NAME,
        "app.kubernetes.io/part-of",
        _MANAGED_BY,
        "platform.io/environment",
        "platform.io/system",
    )
    managed_by: str = "pulumi"


def _label(subject: Subject, config: RequiredLabelsConfig) -> None:
    """Add the labels that follow from the object. Which system it belongs to only its author knows."""
    labels = within(subject.props, "metadata", "labels")
    name = text(at(subject.props, "metadata", "name"))
    known = {_MANAGED_BY: config.managed_by} | ({_NAME: name} if name else {})
    for key in config.labels:
        if key in known and not labels.get(key):
            labels[key] = known[key]
    if subject.object_type in WORKLOADS - {"core/Pod"}:
        template = within(subject.props, *POD_TEMPLATES[subject.object_type], "metadata", "labels")
        for key in config.labels:
            if key in labels and not template.get(key):
                template[key] = labels[key]


@resource_rule(
    About(
        name="required-labels",
        title="Objects say what they are and whose",
        description=(
            "Every object, and every pod template, has the recommended labels and says to which environment and "
            "system it belongs: costs, alerts, network policies and clean-up go by them."
        ),
        severity=Severity.LOW,
        level=Level.MANDATORY,
        levels={"dev": Level.REMEDIATE, "test": Level.REMEDIATE},
        frameworks=(pci("12.5.1"),),
        remediation=("Take metadata.labels from Scope.labels in components/kubernetes/naming.py.",),
    ),
    applies_to={ANY_OBJECT},
    config=RequiredLabelsConfig,
    remedy=_label,
)
def required_labels(subject: Subject, config: RequiredLabelsConfig) -> Iterator[Violation]:
    """Each label that an object or its pods lack. Helm releases and the like have no metadata of their own."""
    if not mapping(subject.props.get("metadata")):
        return
    places = {"metadata.labels": mapping(at(subject.props, "metadata", "labels"))}
    if subject.object_type in WORKLOADS - {"core/Pod"} and pod_template(subject):
        field = ".".join((*POD_TEMPLATES[subject.object_type], "metadata.labels"))
        places[field] = mapping(at(pod_template(subject), "metadata", "labels"))
    for field, labels in places.items():
        for key in config.labels:
            if not labels.get(key):
                yield Violation(field=f"{field}.{key}", problem="is missing", fix="add it")


_RELEASE = "helm.sh/Release"
# One object under the name of another API group.
_RENAMED = {"extensions/Ingress": "networking.k8s.io/Ingress"}
_Object = tuple[str, str, str]


class SingleOwnerConfig(RuleConfig):
    """`shared`: labels of objects (`ConfigMap kube-system/coredns`) that several may patch on purpose."""

    shared: tuple[str, ...] = ()


@stack_rule(
    About(
        name="single-owner",
        title="Every object has one owner",
        description=(
            "No Kubernetes object is registered twice in a stack, whether as itself, as a patch, or as a part of a "
            "Helm release. Each would undo the other at every update, and removing one removes it for both."
        ),
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        remediation=(
            "Keep the object in the component whose capability it belongs to, and pass its name to the other.",
            "List objects that are patched from several places on purpose in this rule's `shared`.",
        ),
    ),
    config=SingleOwnerConfig,
)
def single_owner(stack: Stack, config: SingleOwnerConfig) -> Iterator[Violation]:
    """Each resource whose object an earlier one owns."""
    owners: dict[_Object, Subject] = {}
    objects = (subject for subject in stack.subjects if subject.is_kubernetes_object)
    yield from each(objects, partial(_duplicates, owners, frozenset(config.shared)))


def _duplicates(owners: dict[_Object, Subject], shared: frozenset[str], subject: Subject) -> Iterator[Violation]:
    for identity in _objects(subject):
        owner = owners.setdefault(identity, subject)
        kind, namespace, name = identity[0].rpartition("/")[2], *identity[1:]
        label = f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"
        if owner is not subject and label not in shared:
            yield Violation(
                subject=subject,
                field="the object" if label == subject.label else label,
                problem=f"is owned by {owner.name} ({owner.type}) too",
                fix="keep one of the two, and let the other refer to it by name",
            )


def _objects(subject: Subject) -> Iterator[_Object]:
    """What a resource owns: its object, and for a Helm release all that its chart makes."""
    name = text(at(subject.props, "metadata", "name")) or text(subject.props.get("name"))
    object_type = subject.object_type.removesuffix("Patch")
    if name:
        namespace = text(at(subject.props, "metadata", "namespace")) or text(subject.props.get("namespace"))
        yield _RENAMED.get(object_type, object_type), namespace, name
    if subject.object_type == _RELEASE:
        yield from _of_release(subject)


def _of_release(release: Subject) -> Iterator[_Object]:
    """The objects of a release: its output `resourceNames` is `{Kind.group/group/version: [namespace/name]}`."""
    for key, made in mapping(release.props.get("resourceNames")).items():
        kind, _, group = key.partition("/")[0].partition(".")
        for full_name in map(text, items(made)):
            namespace, _, name = full_name.rpartition("/")
            yield f"{group or 'core'}/{kind}", namespace, name


_LABEL = "pod-security.kubernetes.io/"
_BOUNDS = {
    "core/ResourceQuota": "add one that bounds pods, CPU, memory and storage",
    "core/LimitRange": "add one with defaults for containers that state no figures",
}
_STANDARDS = ("privileged", "baseline", "restricted")


class NamespaceBaselineConfig(RuleConfig):
    """`minimum`: the weakest Pod Security Standard that a namespace may enforce. `other_namespaces` are not judged."""

    minimum: str = "baseline"
    modes: tuple[str, ...] = ("enforce", "audit", "warn")
    other_namespaces: tuple[str, ...] = ("default", "kube-system", "kube-public", "kube-node-lease")


@stack_rule(
    About(
        name="namespace-baseline",
        title="Namespaces are bounded and enforce a Pod Security Standard",
        description=(
            "Every namespace of the stack has a ResourceQuota, a LimitRange and the labels of a Pod Security Standard: "
            "one team's mistake can then neither starve the cluster nor start a privileged pod."
        ),
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        frameworks=(cis("5.2.1"), cis("5.7.1"), nsa("Resource policies"), pss("Namespace labels")),
        remediation=(
            "Use components.kubernetes.namespace.NamespaceBaseline, which makes all of them.",
            "An operator that needs more gets pod_security='privileged', and an exemption that says why.",
        ),
    ),
    config=NamespaceBaselineConfig,
)
def namespace_baseline(stack: Stack, config: NamespaceBaselineConfig) -> Iterator[Violation]:
    """What each namespace lacks."""
    bounds = {kind: {one.namespace for one in stack.of_type(kind)} for kind in _BOUNDS}
    yield from each(stack.of_type("core/Namespace"), partial(_lacking, bounds, config))


def _lacking(bounds: dict[str, set[str]], config: NamespaceBaselineConfig, namespace: Subject) -> Iterator[Violation]:
    name = namespace.label.rpartition(" ")[2]
    if name in config.other_namespaces:
        return
    for kind, bounded in bounds.items():
        if name not in bounded:
            field = kind.rpartition("/")[2]
            yield Violation(subject=namespace, field=field, problem="is missing", fix=_BOUNDS[kind])
    labels = mapping(at(namespace.props, "metadata", "labels"))
    for mode in config.modes:
        if problem := _problem(labels.get(f"{_LABEL}{mode}"), config.minimum):
            yield Violation(
                subject=namespace,
                field=f"metadata.labels.{_LABEL}{mode}",
                problem=problem,
                fix="set it to restricted",
            )


def _problem(standard: object, minimum: str) -> str | None:
    if standard not in _STANDARDS:
        return "is missing" if standard is None else "is no Pod Security Standard"
    too_weak = minimum in _STANDARDS and _STANDARDS.index(str(standard)) < _STANDARDS.index(minimum)
    return f"is {standard}, weaker than {minimum}" if too_weak else None
