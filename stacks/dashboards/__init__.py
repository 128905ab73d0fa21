"""The dashboards of every environment, and those that each system declares for its own business."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from components.observability.catalogue import SOURCES
from components.observability.dashboards import Board
from stacks.dashboards import business, platform

BUSINESS: Mapping[str, Sequence[Board]] = {
    "astrbot": (business.ASTRBOT,),
    "cloudlens": (business.CLOUDLENS,),
    "federated-risk": (business.FEDERATED_RISK,),
    "multicluster": (platform.MULTI_CLUSTER,),
    "orders": (business.ORDERS,),
}


def boards(systems: Iterable[str], sources: Collection[str] = frozenset(SOURCES)) -> list[Board]:
    """The dashboards of an environment that runs these systems, as far as `sources` tell what they show."""
    every = [*platform.BOARDS, *(board for system in systems for board in BUSINESS.get(system, ()))]
    return [board for board in every if board.told(sources)]
