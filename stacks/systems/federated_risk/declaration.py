"""Federated risk as a declaration: `deploy_k8s.sh` (stores, secrets, ingress), settings, alerts and dashboard."""

from __future__ import annotations

from collections.abc import Mapping

from stacks.blueprint.declaration import Around, CacheNeed, DatabaseNeed, Declaration, Route, board_of
from stacks.blueprint.figures import StoreFigures
from stacks.systems.federated_risk.alerts import RULES
from stacks.systems.federated_risk.services import CONSENT, FRONTEND, MODEL_SERVING, PSI, SERVICES
from stacks.types import Bytes, Cpu
from versions import APPLICATION_VERSION

_API, _APP = "api.federated-risk", "app.federated-risk"
# cache_optimizer.py: lifetimes by kind of key in seconds, the hit rate below which it acts, and how full Redis may be.
_LIFETIMES = {"USER_FEATURES": 3600, "MODEL_CACHE": 7200, "PSI_RESULTS": 1800, "CONSENT_TOKENS": 900}
_LEAST_HIT_RATE, _MOST_MEMORY = 0.8, 0.9
# emergency_response.sh turns the cache on with this lifetime; here it is always on.
_CACHE_TTL = 3600


def _settings(around: Around) -> Mapping[str, str]:
    """The document's `app-config`, but for what its stores add."""
    return {
        "ENVIRONMENT": around.args.environment,
        "LOG_LEVEL": around.args.tier.log_level,
        "CACHE_ENABLED": "true",
        "CACHE_TTL": str(_CACHE_TTL),
        **{f"CACHE_TTL_{name}": str(seconds) for name, seconds in _LIFETIMES.items()},
        "CACHE_HIT_RATE_MINIMUM": str(_LEAST_HIT_RATE),
        "CACHE_MEMORY_RATIO_MAXIMUM": str(_MOST_MEMORY),
        **_redis(around),
        "REACT_APP_API_BASE_URL": f"https://{_API}.{around.args.domain}",
    }


def _redis(around: Around) -> Mapping[str, str]:
    """What the cache optimizer would ask CONFIG GET for, which would show it the passwords too."""
    if around.cache is None:
        return {}
    return {
        "REDIS_SCHEME": "rediss" if around.cache.tls else "redis",
        "REDIS_MAXMEMORY": str(around.cache.settings.maxmemory.amount),
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
    database=DatabaseNeed(
        name="federated_risk",
        user="federated_risk",
        prefix="POSTGRES",
        figures=StoreFigures(
            cpu_request=Cpu.parse("1"), memory_request=Bytes.parse("2Gi"), storage=Bytes.parse("100Gi")
        ),
    ),
    # Consent, PSI and model-serving each have a database of their own in it: 0, 1 and 2.
    cache=CacheNeed(
        user="federated_risk",
        databases=3,
        figures=StoreFigures(
            cpu_request=Cpu.parse("500m"), memory_request=Bytes.parse("1Gi"), storage=Bytes.parse("50Gi")
        ),
    ),
    secrets={"JWT_SECRET": "jwt-secret", "ENCRYPTION_KEY": "encryption-key"},
    settings=_settings,
    config_map="app-config",
    secret="app-secrets",
    tls_secret="federated-risk-tls",
    rules=RULES,
    boards=board_of(__package__),
)
