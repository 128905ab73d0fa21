"""The multi-cluster manager: clusters, what is deployed to them, and how they are.

The source of every figure is the multi-cluster manager's document; comments name its sections.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stacks.alerts.multicluster import RULES
from stacks.blueprint.config import SystemConfig
from stacks.blueprint.declaration import CacheNeed, DatabaseNeed, Declaration, Route
from stacks.services import Service
from versions import APPLICATION_VERSION

if TYPE_CHECKING:
    from components.observability.dashboards import Board

BACKEND = "multi-cluster-manager-backend"
FRONTEND = "multi-cluster-manager-frontend"
_SERVICES = (
    {
        "name": BACKEND,
        "replicas": 2,
        "cpu": "1",
        "memory": "1Gi",
        "ports": {"http": 8080},
        "uses": ["database", "cache", "internet"],
    },
    {
        "name": FRONTEND,
        "replicas": 2,
        "cpu": "500m",
        "memory": "256Mi",
        "ports": {"http": 8080},
        "calls": [BACKEND],
    },
)


def _boards() -> Sequence[Board]:
    from stacks.dashboards.platform import MULTI_CLUSTER

    return (MULTI_CLUSTER,)


DECLARATION = Declaration(
    name="multicluster",
    title="Multi-cluster manager",
    version=APPLICATION_VERSION,
    services=[Service.model_validate(service) for service in _SERVICES],
    routes=(Route(host="clusters", service=FRONTEND),),
    database=DatabaseNeed(name="multicluster", user="multicluster"),
    cache=CacheNeed(user="multicluster"),
    rules=RULES,
    boards=_boards,
)


class Config(SystemConfig):
    """What an environment says of the multi-cluster manager."""

    declaration = DECLARATION
