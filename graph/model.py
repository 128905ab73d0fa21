"""What a run of the program registered: immutable resources and their relations, and the list of them for JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

MASK = "[secret]"
# How the engine's protocol and its state mark a secret (sdk/go/common/resource: SigKey and SecretSig).
SIGNATURE_KEY = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"


@dataclass(frozen=True)
class Secret:
    """A value that Pulumi keeps encrypted. Its text form is a mask; only `reveal` gives the value."""

    _value: Any

    def reveal(self) -> Any:
        """The value itself, for the one place that writes it into the cluster."""
        return self._value

    def __repr__(self) -> str:
        return MASK


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One registered resource. `dependencies` are URNs; `options` holds only what differs from the engine's default."""

    urn: str
    type: str
    name: str
    parent: str | None
    custom: bool
    dependencies: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_kubernetes_object(self) -> bool:
        """Whether it is an object of the Kubernetes API, and not a component, a release or another cloud's."""
        return self.custom and self.type.startswith("kubernetes:") and not self.is_helm_release

    @property
    def is_helm_release(self) -> bool:
        """Whether it stands for all objects of a Helm chart, which only Helm knows."""
        return self.type.startswith("kubernetes:helm.sh/")

    @property
    def is_kept(self) -> bool:
        """Whether it stays when its stack goes, protected from deletion or left in the cluster."""
        return bool(self.options.get("protect") or self.options.get("retain_on_delete"))

    @property
    def object_name(self) -> tuple[str, str, str]:
        """(kind, namespace or "", name) of a Kubernetes object."""
        metadata = self.inputs.get("metadata", {})
        return str(self.inputs.get("kind")), str(metadata.get("namespace", "")), str(metadata.get("name", ""))


@dataclass(frozen=True)
class Graph:
    """All resources of one run, the stack first, in the order of their URNs' registration; and the stack's outputs."""

    stack: str
    resources: tuple[Resource, ...]
    outputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def environment(self) -> str:
        """The environment that the stack is, or is a cluster of."""
        return str(self.outputs.get("environment", self.stack))

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resources)

    def __len__(self) -> int:
        return len(self.resources)

    @cached_property
    def objects(self) -> tuple[Mapping[str, Any], ...]:
        """The Kubernetes objects among the resources, each as the API gets it."""
        return tuple(resource.inputs for resource in self.resources if resource.is_kubernetes_object)

    @cached_property
    def by_urn(self) -> Mapping[str, Resource]:
        """Resources by URN."""
        return {resource.urn: resource for resource in self.resources}

    @cached_property
    def children(self) -> Mapping[str | None, tuple[Resource, ...]]:
        """The resources below each URN, by type and name; those without a parent are below None."""
        below: dict[str | None, list[Resource]] = {}
        for resource in sorted(self.resources, key=lambda one: (one.type, one.name)):
            below.setdefault(resource.parent, []).append(resource)
        return {urn: tuple(resources) for urn, resources in below.items()}

    def ancestors(self, resource: Resource) -> Iterator[Resource]:
        """The parents of a resource, nearest first."""
        parent = self.by_urn.get(resource.parent or "")
        while parent is not None:
            yield parent
            parent = self.by_urn.get(parent.parent or "")

    def all_dependencies(self, resource: Resource) -> frozenset[str]:
        """The URNs that a resource waits for: its own dependencies and those of the components that it is part of.

        A component's registration waits for the component's dependencies, and its children's for the component's.
        """
        own = set(resource.dependencies)
        return frozenset(own.union(*(parent.dependencies for parent in self.ancestors(resource))))


def masked(value: Any) -> Any:
    """A copy with every secret replaced by the mask."""
    if isinstance(value, Secret):
        return MASK
    if isinstance(value, Mapping):
        return {key: masked(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [masked(item) for item in value]
    return value


def has_secret(value: Any) -> bool:
    """Whether any part of a value is a secret."""
    if isinstance(value, Secret):
        return True
    if isinstance(value, Mapping):
        return any(has_secret(item) for item in value.values())
    return isinstance(value, (list, tuple)) and any(has_secret(item) for item in value)


def revealed(value: Any) -> Any:
    """A copy with every secret replaced by its value."""
    if isinstance(value, Secret):
        return revealed(value.reveal())
    if isinstance(value, Mapping):
        return {key: revealed(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [revealed(item) for item in value]
    return value


def listing(graph: Graph) -> list[dict[str, Any]]:
    """All resources by URN. Keys: urn, type, name, parent, custom, dependencies, options, inputs."""
    return [_row(resource) for resource in sorted(graph, key=lambda one: one.urn)]


def _row(resource: Resource) -> dict[str, Any]:
    return {
        "urn": resource.urn,
        "type": resource.type,
        "name": resource.name,
        "parent": resource.parent,
        "custom": resource.custom,
        "dependencies": list(resource.dependencies),
        "options": dict(resource.options),
        "inputs": masked(resource.inputs),
    }
