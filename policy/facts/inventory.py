"""What a stack has: objects by name, and pods and Services by their labels, found without trying each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from pulumi_policy.proxy import UnknownValueError

from components.kubernetes.operator_kinds import HTTP01_SOLVERS
from policy.engine.model import Violation
from policy.engine.subject import Stack, Subject
from policy.facts.kinds import KINDS
from policy.facts.values import at, items, mapping, text
from policy.facts.workloads import pod_labels, pod_owners

T = TypeVar("T")
_Label = tuple[str, str]


def selects_everything(selector: Any) -> bool:
    """Whether a selector has no condition at all."""
    return not mapping(mapping(selector).get("matchLabels")) and not items(mapping(selector).get("matchExpressions"))


def selects(selector: Any, labels: Mapping[str, Any]) -> bool:
    """Whether a selector (`matchLabels` and `matchExpressions`) matches these labels."""
    wanted = mapping(mapping(selector).get("matchLabels"))
    expressions = items(mapping(selector).get("matchExpressions"))
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _holds(mapping(expression), labels) for expression in expressions
    )


class SelectorIndex(Generic[T]):
    """Finds, among many selectors, those that match some labels, without trying each.

    A rule that tries every selector on every pod takes quadratic time. Here each selector lies under the one of its
    labels that the fewest others ask for.
    """

    def __init__(self, owners: Iterable[tuple[Any, T]]) -> None:
        entries = [(selector, owner, _labels(selector)) for selector, owner in owners]
        frequency = Counter(label for _, _, labels in entries for label in labels)
        self._under: dict[_Label | None, list[tuple[Any, T]]] = {}
        for selector, owner, labels in entries:
            rarest = min(labels, key=frequency.__getitem__, default=None)
            self._under.setdefault(rarest, []).append((selector, owner))
        self._keys = {label[0] for label in self._under if label}

    def matching(self, labels: Mapping[str, Any]) -> Iterator[T]:
        """The owners of the selectors that match. Touches only labels that some selector asks for."""
        present = [(key, text(labels.get(key))) for key in sorted(self._keys)]
        for label in (None, *present):
            for selector, owner in self._under.get(label, ()):
                if selects(selector, labels):
                    yield owner


def _labels(selector: Any) -> list[_Label]:
    """The labels that a selector asks for outright."""
    wanted = mapping(mapping(selector).get("matchLabels"))
    return [(key, value) for key, value in wanted.items() if isinstance(value, str)]


def _holds(expression: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    """Whether one expression holds; one with an operator that does not exist, which the API refuses, never does."""
    key, values = text(expression.get("key")), items(expression.get("values"))
    match expression.get("operator"):
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return key not in labels or labels[key] not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False


_RELEASES = ("helm.sh/Release", "helm.sh/Chart")


class Labelled:
    """Things that carry labels, by namespace; `uncertain` is why one of them cannot be told yet."""

    def __init__(self) -> None:
        self._labels: dict[str, list[Mapping[str, Any]]] = {}
        self._with: dict[tuple[str, str, Any], list[Mapping[str, Any]]] = {}
        self._uncertain: UnknownValueError | None = None

    def add(self, namespace: str, labels: Mapping[str, Any]) -> None:
        """Add one; which of its labels are not known is noted."""
        known = self._known(labels)
        self._labels.setdefault(namespace, []).append(known)
        for key, value in known.items():
            if isinstance(value, str):
                self._with.setdefault((namespace, key, value), []).append(known)

    def _known(self, labels: Mapping[str, Any]) -> dict[str, Any]:
        known = {}
        for key in labels:
            try:
                known[key] = labels[key]
            except UnknownValueError as error:
                self.cannot_tell(error)
        return known

    def cannot_tell(self, error: UnknownValueError) -> None:
        """Note that there is one more, whose namespace or labels are not known."""
        self._uncertain = self._uncertain or error

    def any_selected(self, namespace: str, selector: Any) -> bool:
        """Whether a selector matches any in a namespace. Raises UnknownValueError if only an unknown one might."""
        wanted = mapping(mapping(selector).get("matchLabels")).items()
        candidates = [self._with.get((namespace, key, value), []) for key, value in wanted if isinstance(value, str)]
        shortest = min(candidates, key=len, default=self._labels.get(namespace, []))
        if any(selects(selector, labels) for labels in shortest):
            return True
        if self._uncertain:
            raise self._uncertain
        return False


class Names:
    """The names of the objects of each type and namespace; cluster-scoped ones are in the namespace ""."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], set[str]] = {}
        self._uncertain: dict[str, UnknownValueError] = {}

    def add(self, object_type: str, namespace: str, *names: str) -> None:
        """Add objects that are there."""
        self._names.setdefault((object_type, namespace), set()).update(names)
        if not namespace:
            # Where it names none, a namespaced object is in `default`.
            self._names.setdefault((object_type, "default"), set()).update(names)

    def add_subject(self, subject: Subject) -> None:
        """Add a resource under its own name."""
        try:
            name, namespace = (text(at(subject.props, "metadata", key)) for key in ("name", "namespace"))
            self.add(subject.object_type, namespace, name)
        except UnknownValueError as error:
            self._uncertain.setdefault(subject.object_type, error)

    def has(self, object_type: str, namespace: str, name: str) -> bool:
        """Whether there is such an object. Raises UnknownValueError if one whose name is not known might be it."""
        if name in self._names.get((object_type, namespace), ()):
            return True
        if object_type in self._uncertain:
            raise self._uncertain[object_type]
        return False


def names(stack: Stack) -> Names:
    """All Kubernetes objects of a stack by name, and the Services that operators make."""
    found = Names()
    for subject in stack.subjects:
        if subject.is_kubernetes_object:
            found.add_subject(subject)
    for owner in stack.of_type(*KINDS):
        services = KINDS[owner.object_type].services(_known_name(owner))
        found.add("core/Service", _known_namespace(owner), *services)
    return found


def pods(stack: Stack) -> Labelled:
    """The labels of every sort of pod that a stack brings into being."""
    found = Labelled()
    for owner in pod_owners(stack):
        try:
            for labels in pod_labels(owner):
                found.add(owner.namespace, labels)
        except UnknownValueError as error:
            found.cannot_tell(error)
    for ingress in stack.of_type("networking.k8s.io/Ingress"):
        # In its namespace cert-manager answers an authority that asks by HTTP-01, while it asks.
        if at(ingress.props, "metadata", "annotations", "cert-manager.io/cluster-issuer"):
            found.add(ingress.namespace, HTTP01_SOLVERS)
    return found


def services(stack: Stack) -> Labelled:
    """The labels of every Service of a stack."""
    found = Labelled()
    for service in stack.of_type("core/Service"):
        try:
            found.add(service.namespace, mapping(at(service.props, "metadata", "labels")))
        except UnknownValueError as error:
            found.cannot_tell(error)
    return found


def opaque_namespaces(stack: Stack) -> frozenset[str]:
    """Namespaces into which a Helm release puts objects that the stack does not show."""
    releases = stack.of_type(*_RELEASES)
    return frozenset(text(mapping(one.props).get("namespace")) or "default" for one in releases)


def reference(subject: Subject, *path: str) -> tuple[str, str]:
    """(object type, name) of what an `apiVersion`/`kind`/`name` reference at a path points to; the kind may be ""."""
    target = mapping(at(subject.props, *path))
    kind, version = text(target.get("kind")), text(target.get("apiVersion"))
    group = version.rpartition("/")[0] or "core"
    return (f"{group}/{kind}" if kind else ""), text(target.get("name"))


def each(subjects: Iterable[Subject], check: Callable[[Subject], Iterable[Violation]]) -> Iterator[Violation]:
    """The violations of each subject; what cannot be known of one is raised only after all others were judged."""
    unknown: UnknownValueError | None = None
    for subject in subjects:
        try:
            yield from check(subject)
        except UnknownValueError as error:
            unknown = unknown or error
    if unknown:
        raise unknown


def in_order(values: Iterable[Any]) -> tuple[str, ...]:
    """The texts among some values, each once."""
    return tuple(Counter(value for value in values if isinstance(value, str)))


def listed(value: Any, *path: str) -> Iterator[Mapping[str, Any]]:
    """The mappings in the list at a path."""
    yield from (mapping(item) for item in items(at(value, *path)))


def _known_name(subject: Subject) -> str:
    return subject.label.rpartition(" ")[2].rpartition("/")[2]


def _known_namespace(subject: Subject) -> str:
    return subject.label.rpartition(" ")[2].rpartition("/")[0]
