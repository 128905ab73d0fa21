"""What a part of the preflight found, and the words that several parts share."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from components.platform.operators.table import OPERATORS
from graph.helm_releases import releases
from graph.model import Graph

PAGE = "docs/how-to/own-cluster.md"
_SHOWN = 2


@dataclass(frozen=True)
class Found:
    """`problems` are whole sentences; `unknown` names what could not be looked up."""

    problems: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def several(titles: Collection[str]) -> str:
    """A few of the titles, and how many more there are."""
    shown = sorted(titles)[:_SHOWN]
    more = len(titles) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def installed(graph: Graph) -> frozenset[str]:
    """The names of the operators that the environment installs itself."""
    return frozenset(one.name for one in releases(graph))


def installed_groups(graph: Graph) -> frozenset[str]:
    """The API groups that come with them: nothing of these can be in the cluster before."""
    return frozenset(group for name in installed(graph) if name in OPERATORS for group in OPERATORS[name].groups)


def install(graph: Graph, *names: str) -> str:
    """What to do about operators that are missing."""
    modes = ", ".join(f"{name}: install" for name in names)
    return f"install {' and '.join(names)}, or have it done by `operators: {{{modes}}}` in {file_of(graph)}"


def file_of(graph: Graph) -> str:
    """The environment's file."""
    return f"Pulumi.{graph.environment}.yaml"
