"""What rules judge: one resource, or all resources of a stack."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, cast

from pulumi_policy.proxy import UnknownValueError

from policy.facts.values import at, text

# What a rule names to judge every object of the Kubernetes API.
ANY_OBJECT = "*/*"
_KUBERNETES = "kubernetes:"
_NAMESPACE = "kubernetes:core/v1:Namespace"
STACK = "pulumi:pulumi:Stack"
T = TypeVar("T")


def object_type(token: str) -> str:
    """`apps/Deployment` for a Kubernetes object, whatever its version; any other Pulumi type token as it is.

    The core group is called `core`, as in Pulumi's tokens: `core/Pod`.
    """
    if not token.startswith(_KUBERNETES):
        return token
    _, group_version, kind = token.split(":", 2)
    return f"{group_version.rsplit('/', 1)[0]}/{kind}"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A resource as rules see it. `type` is Pulumi's token; `props` are proxied, and secrets in them are masked.

    `protect` and `retained` are the options by which it stays when its stack goes; the Pulumi engine tells of the first
    alone. `holds_secret` says whether any of its values was masked, and is True where that is not known.
    `dependencies` are the URNs of resources whose outputs it takes or that it waits for; only rules across a stack see
    them.
    """

    urn: str
    type: str
    name: str
    props: Mapping[str, Any]
    parent: str | None = None
    protect: bool = False
    retained: bool = False
    holds_secret: bool = True
    dependencies: tuple[str, ...] = ()

    @cached_property
    def object_type(self) -> str:
        """The type that rules name in `applies_to`: see `object_type` above."""
        return object_type(self.type)

    @property
    def is_kubernetes_object(self) -> bool:
        """Whether it is an object of the Kubernetes API."""
        return self.type.startswith(_KUBERNETES)

    @property
    def namespace(self) -> str:
        """The namespace of a Kubernetes object; `default` where it names none, as the API server has it."""
        return text(at(self.props, "metadata", "namespace")) or "default"

    @cached_property
    def label(self) -> str:
        """What messages and exemptions call it: `Deployment shop/api`, `Namespace shop`; else its type and name."""
        kind = self.type.rsplit(":", 1)[-1]
        if not self.is_kubernetes_object:
            return f"{kind} {self.name}"
        # A name that a preview cannot know must not keep the rule from judging the rest.
        name = self._known("name") or self.name
        namespace = self._known("namespace")
        return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"

    def _known(self, key: str) -> str:
        try:
            return text(at(self.props, "metadata", key))
        except UnknownValueError:
            return ""


@dataclass(frozen=True)
class Stack:
    """All resources of a stack. `tier` is None where it is not known: judge as strictly as in production."""

    subjects: tuple[Subject, ...]
    tier: str | None = None
    _derived: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, derive: Callable[[Stack], T]) -> T:
        """What a function derives from this stack, made the first time that a rule asks: an index, say."""
        if derive not in self._derived:
            self._derived[derive] = derive(self)
        return cast(T, self._derived[derive])

    @cached_property
    def by_object_type(self) -> Mapping[str, tuple[Subject, ...]]:
        """The resources of each type (`apps/Deployment`), in the order of the stack."""
        found: dict[str, list[Subject]] = {}
        for subject in self.subjects:
            found.setdefault(subject.object_type, []).append(subject)
        return {name: tuple(subjects) for name, subjects in found.items()}

    def of_type(self, *object_types: str) -> Iterator[Subject]:
        """The resources of these types, type by type."""
        for name in object_types:
            yield from self.by_object_type.get(name, ())

    @cached_property
    def root(self) -> Subject:
        """The stack itself, for what concerns no single resource."""
        nothing = Subject(urn="", type=STACK, name="", props={})
        return next(self.of_type(STACK), nothing)

    def namespace(self, name: str) -> Subject:
        """The Namespace of that name; one that stands for it where something else than this stack made it."""
        stands_for_it = Subject(urn=self.root.urn, type=_NAMESPACE, name=name, props={"metadata": {"name": name}})
        return self._namespaces.get(f"Namespace {name}", stands_for_it)

    @cached_property
    def _namespaces(self) -> Mapping[str, Subject]:
        return {subject.label: subject for subject in self.of_type("core/Namespace")}
