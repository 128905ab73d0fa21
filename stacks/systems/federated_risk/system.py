"""Federated risk: consent, private set intersection and scoring over the data of several parties.

The source of every figure is the federated-risk operations document; comments name its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from pydantic import Field

from components.stores.base import StoreFigures
from components.stores.postgres.store import Postgres
from components.stores.redis.store import Redis, RedisPlan
from components.workload.files import Storage
from stacks.schema.releases import ReleaseConfig, Routing
from stacks.schema.service.ports import MetricsEndpoint
from stacks.schema.service.scaling import Autoscaling
from stacks.schema.service.service import Service
from stacks.schema.system import SystemConfig
from stacks.schema.types import Bytes, Cpu, Model, Name
from stacks.system.declaration import (
    Certificate,
    Declaration,
    ResolvedSystem,
    Route,
    SigningKeys,
    board_of,
)
from stacks.system.environment_context import EnvironmentContext
from stacks.systems.federated_risk.alerts import RULES
from stacks.systems.federated_risk.services import CONSENT, FEAST, FRONTEND, JWT_KEYS, MODEL_SERVING, PSI, SERVICES
from versions import APPLICATION_VERSION

# It stays at 10 % for 300 s and looks every 30 s, which are ten checks.
_STEPS = (10,) * 10
_INTERVAL, _WINDOW = 30, 60
_MOST = {"error-rate": 5.0, "latency-p95": 1.0}
_HEADER = {"canary": "true"}


def canary(routing: Routing) -> ReleaseConfig:
    """The release as the environment's controller can carry it out.

    Somebody says yes before everything goes to the new version: under Flagger where there is a load tester, whose gate
    waits for that. Flagger cannot send requests with a header there beside the weights.
    """
    by_hand = routing.controller == "none"
    return ReleaseConfig(
        strategy="canary",
        steps=_STEPS,
        interval=_INTERVAL,
        window=_WINDOW,
        failures=1,
        metrics=_MOST,
        headers=_HEADER if by_hand else {},
        approval=by_hand or routing.load_tester is not None,
    )


_API, _APP = "api.federated-risk", "app.federated-risk"
# cache_optimizer.py: lifetimes by kind of key in seconds, the hit rate below which it acts, and how full Redis may be.
_LIFETIMES = {"USER_FEATURES": 3600, "MODEL_CACHE": 7200, "PSI_RESULTS": 1800, "CONSENT_TOKENS": 900}
_LEAST_HIT_RATE, _MOST_MEMORY = 0.8, 0.9
# emergency_response.sh turns the cache on with this lifetime; here it is always on.
_CACHE_TTL = 3600


def _settings(resolved: ResolvedSystem) -> Mapping[str, str]:
    """The document's `app-config`, but for what its stores add."""
    return {
        "ENVIRONMENT": resolved.args.environment,
        "LOG_LEVEL": resolved.args.tier.log_level,
        "CACHE_ENABLED": "true",
        "CACHE_TTL": str(_CACHE_TTL),
        **{f"CACHE_TTL_{name}": str(seconds) for name, seconds in _LIFETIMES.items()},
        "CACHE_HIT_RATE_MINIMUM": str(_LEAST_HIT_RATE),
        "CACHE_MEMORY_RATIO_MAXIMUM": str(_MOST_MEMORY),
        **_redis(resolved),
        "REACT_APP_API_BASE_URL": f"https://{_API}.{resolved.args.domain}",
    }


def _redis(resolved: ResolvedSystem) -> Mapping[str, str]:
    """What the cache optimizer would ask CONFIG GET for, which would show it the passwords too."""
    plan = resolved.plan(RedisPlan)
    if plan is None:
        return {}
    return {
        "REDIS_SCHEME": "rediss" if plan.args.tls else "redis",
        "REDIS_MAXMEMORY": str(plan.args.settings.maxmemory.amount),
    }


DECLARATION = Declaration(
    name="federated-risk",
    title="Federated risk",
    version=APPLICATION_VERSION,
    services=SERVICES,
    routes=(
        Route(host=_API, path="/consent", service=CONSENT),
        Route(host=_API, path="/psi", service=PSI),
        Route(host=_API, path="/score", service=MODEL_SERVING),
        Route(host=_APP, path="/", service=FRONTEND),
    ),
    stores=(
        Postgres(
            name="federated_risk",
            user="federated_risk",
            prefix="POSTGRES",
            figures=StoreFigures(
                cpu_request=Cpu.parse("1"), memory_request=Bytes.parse("2Gi"), storage=Bytes.parse("100Gi")
            ),
        ),
        # Consent, PSI and model-serving each have a database of their own in it: 0, 1 and 2.
        Redis(
            user="federated_risk",
            databases=3,
            figures=StoreFigures(
                cpu_request=Cpu.parse("500m"), memory_request=Bytes.parse("1Gi"), storage=Bytes.parse("50Gi")
            ),
        ),
    ),
    secrets={"JWT_SECRET": "jwt-secret", "ENCRYPTION_KEY": "encryption-key"},
    settings=_settings,
    config_map="app-config",
    secret="app-secrets",
    tls_secret="federated-risk-tls",
    certificate=Certificate(
        secret="federated-risk-certificates", path="/app/certs", services=(CONSENT, PSI, MODEL_SERVING)
    ),
    signing_keys=SigningKeys(
        secret="jwt-keys", path=JWT_KEYS, services=(CONSENT,), private="jwt-private-key", public="jwt-public-key"
    ),
    rules=RULES,
    boards=board_of(__package__),
)


# emergency_response.sh: how many pods of model-serving, which settings, and how often metrics are read meanwhile.
_REPLICAS_IN_NEED = 10
_STRICT = {"SECURITY_MODE": "strict", "AUTH_REQUIRED": "true", "AUDIT_LEVEL": "verbose"}
_CLOSE_WATCH = 5


class FeastRegistry(Model):
    """The volume of Feast's registry, which all pods of model-serving mount."""

    storage_class: Name | None = Field(
        None,
        description="A StorageClass whose volumes pods of several nodes may write to (ReadWriteMany), by default the "
        "cluster's default class; on AWS that is one of EFS.",
    )
    size: Bytes = Field(Bytes.parse("1Gi"), description="How large it is.")


class Config(SystemConfig):
    """What an environment says of federated risk."""

    declaration = DECLARATION

    feast: FeastRegistry | None = Field(
        None,
        description="The volume of Feast's registry; `{}` for one of the cluster's default class. Without it each pod "
        "begins with an empty one, for clusters that have disks alone.",
    )

    incident: Literal["performance", "security"] | None = Field(
        None,
        description="What it suffers from at present, for as long as that stands here: `performance` starts ten "
        "pods of model-serving, `security` makes the services strict and watches them closely.",
    )

    def declared(self, args: EnvironmentContext) -> Declaration:
        """Where traffic can be split model-serving is released as a canary, and in an incident more differs."""
        services = [self._service(service, args) for service in DECLARATION.services]
        found = replace(DECLARATION, services=services)
        if self.incident != "security":
            return found
        return replace(found, settings=lambda resolved: {**DECLARATION.settings(resolved), **_STRICT})

    def _service(self, service: Service, args: EnvironmentContext) -> Service:
        update: dict[str, Any] = {}
        if service.name == MODEL_SERVING and self.feast:
            update |= _lasting(service, self.feast)
        if service.name == MODEL_SERVING and args.routing.mesh != "none":
            update["release"] = canary(args.routing)
        if service.name == MODEL_SERVING and self.incident == "performance":
            update |= {"replicas": _REPLICAS_IN_NEED, "autoscaling": _more(service.autoscaling)}
        if self.incident == "security":
            update["metrics"] = _watched(service.metrics or ())
        return service.model_copy(update=update)


def _lasting(service: Service, registry: FeastRegistry) -> dict[str, Any]:
    storage = Storage(
        path=FEAST,
        size=registry.size,
        storage_class=registry.storage_class,
        backup="feast apply writes it anew from the features' definitions",
        shared=True,
    )
    return {"storage": storage, "directories": [one for one in service.directories if one.path != FEAST]}


def _more(autoscaling: Autoscaling | None) -> Autoscaling:
    return (autoscaling or Autoscaling()).model_copy(update={"minimum": _REPLICAS_IN_NEED})


def _watched(metrics: Sequence[MetricsEndpoint]) -> list[MetricsEndpoint]:
    return [one.model_copy(update={"interval": _CLOSE_WATCH}) for one in metrics]
