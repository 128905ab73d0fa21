"""Which of a stack's resources are a system's, so that Pulumi changes those alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from graph.model import Graph

_STACK = "pulumi:pulumi:Stack"


def targets(graph: Graph, deployed: Iterable[Mapping[str, Any]], system: str) -> list[str]:
    """The URNs of the component `system` and of all below it, of what is declared and of what is deployed.

    `deployed` are the resources of the stack's state: what is declared no longer goes as well.
    """
    parents = {str(one["urn"]): one.get("parent") for one in deployed} | {one.urn: one.parent for one in graph}
    stacks = {one.urn for one in graph if one.type == _STACK}
    roots = {one.urn for one in graph if one.name == system and one.parent in stacks and not one.custom}
    return sorted(urn for urn in parents if roots.intersection(_line(urn, parents)))


def _line(urn: str, parents: Mapping[str, str | None]) -> Iterable[str]:
    """A resource and its ancestors."""
    here: str | None = urn
    while here is not None:
        yield here
        here = parents.get(here)
