"""The rules of a system: its document's alerts, and those of its service level objective."""

from __future__ import annotations

from collections.abc import Collection

from components.observability.catalogue import SOURCES
from components.observability.rules import RuleSet
from stacks.blueprint.declaration import Declaration


def system_rules(declaration: Declaration, sources: Collection[str] = frozenset(SOURCES)) -> RuleSet:
    """All of them, each reading only the series of the system's own namespace.

    Those are left out that read what none of `sources` tells (names of the metric catalogue, default all of them).
    """
    own, objective = declaration.rules or RuleSet(name=declaration.name), declaration.objective.rules()
    merged = RuleSet(
        name=declaration.name,
        alerts=[*own.alerts, *objective.alerts],
        recordings=[*own.recordings, *objective.recordings],
        own=own.own,
    )
    return merged.with_sources(sources).within(declaration.name, system=declaration.name)
