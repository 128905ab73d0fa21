"""Figures that every report shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from graph.model import Graph, Resource

if TYPE_CHECKING:
    from policy.engine.evaluation import Finding


def type_name(resource: Resource) -> str:
    """The short name of a resource's type: `Deployment` of `kubernetes:apps/v1:Deployment`."""
    if resource.type.startswith("pulumi:providers:"):
        return f"{resource.type.rpartition(':')[2]} provider"
    return resource.type.rpartition(":")[2]


def headline(graph: Graph) -> str:
    """`dev: 11 components, 62 Kubernetes objects, 7 other resources`."""
    objects = sum(resource.is_kubernetes_object for resource in graph)
    components = sum(resource.type.startswith("platform:") for resource in graph)
    others = len(graph) - objects - components
    return f"{components} components, {objects} Kubernetes objects, {others} other resources"


def kinds(graph: Graph) -> list[tuple[str, int]]:
    """How many of each kind of Kubernetes object, the most frequent first."""
    counts = Counter(type_name(resource) for resource in graph if resource.is_kubernetes_object)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def by_severity(findings: Sequence[Finding]) -> dict[str, int]:
    """How many findings of each severity, the worst first; only those that there are."""
    counts = Counter(finding.severity.value for finding in sorted(findings, key=lambda one: one.severity.rank))
    return dict(counts)


def below(graph: Graph, resource: Resource) -> int:
    """How many resources a component contains, at any depth."""
    children = graph.children.get(resource.urn, ())
    return len(children) + sum(below(graph, child) for child in children)
