"""Orders: the Rust service of the Prometheus Operator guide, with all that the guide monitors.

The source of every figure is that document; comments name its sections.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stacks.alerts.orders import RULES
from stacks.blueprint.config import SystemConfig
from stacks.blueprint.declaration import Declaration, Route
from stacks.services import Service
from versions import APPLICATION_VERSION

if TYPE_CHECKING:
    from components.observability.dashboards import Board

APPLICATION = "rust-app"
_SERVICES = ({"name": APPLICATION, "replicas": 3, "cpu": "500m", "memory": "256Mi", "ports": {"http": 8080}},)


def _boards() -> Sequence[Board]:
    from stacks.dashboards.business import ORDERS

    return (ORDERS,)


DECLARATION = Declaration(
    name="orders",
    title="Orders",
    version=APPLICATION_VERSION,
    services=[Service.model_validate(service) for service in _SERVICES],
    routes=(Route(host="orders", service=APPLICATION),),
    rules=RULES,
    boards=_boards,
)


class Config(SystemConfig):
    """What an environment says of the orders service."""

    declaration = DECLARATION
