"""CloudLens: what the cloud costs, over several providers.

The source of every figure is the CloudLens Kubernetes deployment document; comments name its sections.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from components.observability.objectives import Objective
from stacks.alerts.cloudlens import RULES
from stacks.blueprint.config import SystemConfig
from stacks.blueprint.declaration import DatabaseNeed, Declaration, Route
from stacks.services import Service

if TYPE_CHECKING:
    from components.observability.dashboards import Board

BACKEND = "cloudlens-backend"
FRONTEND = "cloudlens-frontend"
_SERVICES = (
    {
        "name": BACKEND,
        "replicas": 2,
        "cpu": "2",
        "memory": "2Gi",
        "ports": {"http": 8000},
        "uses": ["database", "internet"],
    },
    {
        "name": FRONTEND,
        "replicas": 2,
        "cpu": "1",
        "memory": "1Gi",
        "ports": {"http": 3000},
        "calls": [BACKEND],
    },
)


def _boards() -> Sequence[Board]:
    from stacks.dashboards.business import CLOUDLENS

    return (CLOUDLENS,)


DECLARATION = Declaration(
    name="cloudlens",
    title="CloudLens",
    version="2.1.0",
    services=[Service.model_validate(service) for service in _SERVICES],
    routes=(Route(host="cloudlens", service=FRONTEND),),
    database=DatabaseNeed(name="cloudlens", user="cloudlens", prefix="DATABASE"),
    rules=RULES,
    objective=Objective(requests="cloudlens_api_requests_total{$scope}", failures="cloudlens_api_errors_total{$scope}"),
    boards=_boards,
)


class Config(SystemConfig):
    """What an environment says of CloudLens."""

    declaration = DECLARATION
