"""Federated risk: consent, private set intersection and scoring over the data of several parties.

The source of every figure is the federated-risk operations document; comments name its sections.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stacks.alerts.federated_risk import RULES
from stacks.blueprint.config import SystemConfig
from stacks.blueprint.declaration import CacheNeed, DatabaseNeed, Declaration, Route
from stacks.services import Service
from versions import APPLICATION_VERSION

if TYPE_CHECKING:
    from components.observability.dashboards import Board

_STORES = ["database", "cache"]
_SERVICES = (
    {"name": "consent-service", "replicas": 2, "cpu": "1", "memory": "1Gi", "ports": {"http": 7002}, "uses": _STORES},
    {"name": "psi-service", "replicas": 2, "cpu": "1", "memory": "1Gi", "ports": {"http": 7001}, "uses": _STORES},
    {"name": "model-serving", "replicas": 2, "cpu": "2", "memory": "4Gi", "ports": {"http": 7003}, "uses": _STORES},
    {
        "name": "frontend",
        "replicas": 2,
        "cpu": "500m",
        "memory": "256Mi",
        "ports": {"http": 8080},
        "calls": ["consent-service", "psi-service", "model-serving"],
    },
)
_API = "api.federated-risk"


def _boards() -> Sequence[Board]:
    from stacks.dashboards.business import FEDERATED_RISK

    return (FEDERATED_RISK,)


DECLARATION = Declaration(
    name="federated-risk",
    title="Federated risk",
    version=APPLICATION_VERSION,
    services=[Service.model_validate(service) for service in _SERVICES],
    routes=(
        Route(host=_API, path="/consent", service="consent-service"),
        Route(host=_API, path="/psi", service="psi-service"),
        Route(host=_API, path="/score", service="model-serving"),
        Route(host="app.federated-risk", service="frontend"),
    ),
    database=DatabaseNeed(name="federated_risk", user="federated_risk"),
    cache=CacheNeed(user="federated_risk"),
    rules=RULES,
    boards=_boards,
)


class Config(SystemConfig):
    """What an environment says of federated risk."""

    declaration = DECLARATION
