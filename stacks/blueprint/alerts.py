"""The rules of a system: its document's alerts, and those of its service level objective."""

from __future__ import annotations

from components.observability.rules import RuleSet
from stacks.blueprint.declaration import Declaration


def system_rules(declaration: Declaration) -> RuleSet:
    """All of them, each reading only the series of the system's own namespace."""
    own, objective = declaration.rules or RuleSet(name=declaration.name), declaration.objective.rules()
    merged = RuleSet(
        name=declaration.name,
        alerts=[*own.alerts, *objective.alerts],
        recordings=[*own.recordings, *objective.recordings],
    )
    return merged.within(declaration.name, system=declaration.name)
