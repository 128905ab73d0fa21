"""What every system, and the monitoring, is told of the environment around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from components.network import Peer
from components.operators.table import KEDA, OPERATORS, VERTICAL_POD_AUTOSCALER
from stacks.blueprint.args import SystemArgs
from stacks.config import Environment
from stacks.fleet import origin
from stacks.gitops import ARGO_CD
from stacks.monitoring.levels import LEVELS
from stacks.services import Service


def system_args(environment: Environment) -> SystemArgs:
    """What is known of the environment before anything of it is made."""
    store = environment.secret_store
    return SystemArgs(
        environment=environment.name,
        tier=environment.tier,
        domain=environment.file.domain,
        registry=environment.file.registry,
        ingress_class=environment.file.ingress_class,
        store=store.external() if store else None,
        routing=environment.file.routing,
        keda=environment.has(KEDA),
        vertical=environment.has(VERTICAL_POD_AUTOSCALER),
        applications=environment.has(ARGO_CD) and environment.file.delivery != "argocd",
        origin=origin(environment.name, environment.member),
        telemetry=environment.telemetry,
        metric_sources=LEVELS[environment.tier.monitoring].sources | environment.telemetry.metric_sources,
    )


def asking(environment: Environment, services: Mapping[str, Sequence[Service]]) -> list[Peer]:
    """Who asks Prometheus: KEDA, where one of the systems' services scales by what it says."""
    declared = [service.autoscaling for own in services.values() for service in own if service.autoscaling]
    asked = any(one.asks_prometheus for one in declared)
    return [Peer(namespace=OPERATORS[KEDA].namespace)] if asked and environment.has(KEDA) else []
