"""The dashboards of every environment, and those that each system declares for its own business."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from components.observability.catalogue import SOURCES
from components.observability.dashboards import Board
from stacks.blueprint.declaration import Declaration
from stacks.dashboards import platform


def boards(systems: Iterable[Declaration], sources: Collection[str] = frozenset(SOURCES)) -> list[Board]:
    """The dashboards of an environment that runs these systems, as far as `sources` tell what they show."""
    every = [*platform.BOARDS, *(board for system in systems for board in system.boards())]
    return [shown for board in every if (shown := board.with_sources(sources))]
