"""Federated risk: consent, private set intersection and scoring over the data of several parties.

The source of every figure is the federated-risk operations document; comments name its files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from stacks.blueprint.args import SystemArgs
from stacks.blueprint.config import SystemConfig
from stacks.blueprint.declaration import Declaration
from stacks.services import Service
from stacks.systems.federated_risk.canary import canary
from stacks.systems.federated_risk.declaration import DECLARATION
from stacks.systems.federated_risk.services import MODEL_SERVING
from stacks.workloads.ports import MetricsEndpoint
from stacks.workloads.scaling import Autoscaling

# emergency_response.sh: how many pods of model-serving, which settings, and how often metrics are read meanwhile.
_REPLICAS_IN_NEED = 10
_STRICT = {"SECURITY_MODE": "strict", "AUTH_REQUIRED": "true", "AUDIT_LEVEL": "verbose"}
_CLOSE_WATCH = 5


class Config(SystemConfig):
    """What an environment says of federated risk.

    `incident` is what it suffers from at present, for as long as that stands in its file: `performance` starts ten
    pods of model-serving, `security` makes the services strict and watches them closely.
    """

    declaration = DECLARATION

    incident: Literal["performance", "security"] | None = None

    def declared(self, args: SystemArgs) -> Declaration:
        """Where traffic can be split model-serving is released as a canary, and in an incident more differs."""
        services = [self._service(service, args) for service in DECLARATION.services]
        found = replace(DECLARATION, services=services)
        if self.incident != "security":
            return found
        return replace(found, settings=lambda around: {**DECLARATION.settings(around), **_STRICT})

    def _service(self, service: Service, args: SystemArgs) -> Service:
        update: dict[str, Any] = {}
        if service.name == MODEL_SERVING and args.routing.mesh != "none":
            update["release"] = canary(args.routing)
        if service.name == MODEL_SERVING and self.incident == "performance":
            update |= {"replicas": _REPLICAS_IN_NEED, "autoscaling": _more(service.autoscaling)}
        if self.incident == "security":
            update["metrics"] = _watched(service.metrics or ())
        return service.model_copy(update=update)


def _more(autoscaling: Autoscaling | None) -> Autoscaling:
    return (autoscaling or Autoscaling()).model_copy(update={"minimum": _REPLICAS_IN_NEED})


def _watched(metrics: Sequence[MetricsEndpoint]) -> list[MetricsEndpoint]:
    return [one.model_copy(update={"interval": _CLOSE_WATCH}) for one in metrics]
