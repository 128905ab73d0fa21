"""Who decides what an object looks like: one owner each."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from policy.inventory import each
from policy.model import About, Level, RuleConfig, Severity, Violation, stack_rule
from policy.subject import Stack, Subject
from policy.values import at, items, mapping, text

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
