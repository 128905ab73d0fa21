"""What a stack has: objects by name, and pods and Services by their labels, found without trying each.

A preview may know neither a name nor a label. What is asked for is then not missing but undecided: the lookup raises
the UnknownValueError that stands for the object which might be it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pulumi_policy.proxy import UnknownValueError

from policy.label_selectors import selects
from policy.model import Violation
from policy.subject import Stack, Subject
from policy.values import at, items, mapping, text
from policy.workloads import pod_labels, pod_owners

_RELEASES = ("helm.sh/Release", "helm.sh/Chart")
# Services that an operator makes for a custom resource, by the name of the resource.
_OPERATOR_SERVICES: Mapping[str, Callable[[str], tuple[str, ...]]] = {
    "postgresql.cnpg.io/Cluster": lambda name: (f"{name}-rw", f"{name}-ro", f"{name}-r"),
    "postgresql.cnpg.io/Pooler": lambda name: (name,),
    "redis.redis.opstreelabs.in/RedisCluster": lambda name: (
        *(f"{name}-{role}" for role in ("leader", "follower", "master")),
        *(f"{name}-{role}-headless" for role in ("leader", "follower")),
    ),
    "redis.redis.opstreelabs.in/Redis": lambda name: (name, f"{name}-headless"),
    "flagger.app/Canary": lambda name: (name, f"{name}-primary", f"{name}-canary"),
    "monitoring.coreos.com/Prometheus": lambda name: ("prometheus-operated",),
    "monitoring.coreos.com/PrometheusAgent": lambda name: ("prometheus-agent-operated",),
    "monitoring.coreos.com/Alertmanager": lambda name: ("alertmanager-operated",),
    "monitoring.coreos.com/ThanosRuler": lambda name: ("thanos-ruler-operated",),
}


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
    for owner in stack.of_type(*_OPERATOR_SERVICES):
        services = _OPERATOR_SERVICES[owner.object_type](_known_name(owner))
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
