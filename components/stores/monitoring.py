"""The parts of a store that the monitoring shows, each loaded where it is asked for: many environments show neither."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from components.monitoring.dashboards import Board
from components.monitoring.rules import RuleSet
from components.stores.facts import StoreFacts


def rules_of(store: StoreFacts) -> RuleSet:
    """Its alerts: `RULES` of `alerts.py` in its folder."""
    found: RuleSet = _part(store, "alerts", "RULES")
    return found


def boards_of(store: StoreFacts) -> Sequence[Board]:
    """Its dashboards: `BOARDS` of `board.py` in its folder, empty for a store without one."""
    found: Sequence[Board] = _part(store, "board", "BOARDS")
    return found


def _part(store: StoreFacts, module: str, name: str) -> Any:
    """Raises ValueError, with the store and the part, for one that is not there."""
    path = f"{store.package}.{module}"
    try:
        return getattr(import_module(path), name)
    except ModuleNotFoundError as error:
        if error.name != path:
            raise
    except AttributeError:
        pass
    raise ValueError(f"the store {store.capability!r} has no {name}: write it in {path.replace('.', '/')}.py")
