"""The graph as data: a list of resources with every secret masked, for `--output json` and for tests."""

from __future__ import annotations

from typing import Any

from graph.model import Graph, Resource, masked


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
