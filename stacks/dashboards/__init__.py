"""The dashboards of every environment, and those that each system declares for its own business."""

from __future__ import annotations

from collections.abc import Iterable

from components.observability.dashboards import Board
from stacks.blueprint.declaration import Declaration
from stacks.dashboards import platform


def boards(systems: Iterable[Declaration]) -> list[Board]:
    """The dashboards of an environment that runs these systems."""
    return [*platform.BOARDS, *(board for system in systems for board in system.boards())]
