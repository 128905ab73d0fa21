"""The AstrBot SaaS platform: services behind a gateway, a manager, and a chat-bot instance for every tenant.

The source of every figure is the AstrBot deployment and operations document; comments name its sections."""

from __future__ import annotations

from collections.abc import Mapping

from components.stores.buckets.store import Files
from components.stores.postgres.store import Postgres
from components.stores.redis.store import Redis
from stacks.schema.system import TenantsConfig
from stacks.system.declaration import (
    AlertHook,
    Declaration,
    ResolvedSystem,
    Route,
    board_of,
)
from stacks.systems.astrbot.alerts import RULES
from stacks.systems.astrbot.services import GATEWAY, INSTANCE_SERVICE, MANAGER, SERVICES
from versions import APPLICATION_VERSION

# Section 2.1: requests a minute, session lifetime in seconds, and the most instances that the manager starts.
API_RATE_LIMIT = 1000
_SESSION_TIMEOUT = 3600
_MAX_INSTANCES = 1000


def _settings(resolved: ResolvedSystem) -> Mapping[str, str]:
    """The ConfigMap of section 2.1, but for what its stores add."""
    return {
        "API_RATE_LIMIT": str(API_RATE_LIMIT),
        "SESSION_TIMEOUT": str(_SESSION_TIMEOUT),
        "MAX_ASTRBOT_INSTANCES": str(_MAX_INSTANCES),
        "METRICS_ENABLED": "true",
        "LOG_LEVEL": resolved.args.tier.log_level,
        "TRACE_SAMPLING_RATE": str(resolved.args.tier.trace_sampling_rate),
        "ENVIRONMENT": resolved.args.environment,
    }


DECLARATION = Declaration(
    name="astrbot",
    title="AstrBot",
    version=APPLICATION_VERSION,
    services=SERVICES,
    tenant_service=INSTANCE_SERVICE,
    routes=(Route(host="api", service=GATEWAY),),
    # Section 6.1 names the bucket. Section 7.2: the tenants table and its migrations are the tenant service's, in
    # database/migrations of the service; its image has them below /app.
    stores=(
        Postgres(
            name="saas_platform",
            user="saas_platform",
            backup_bucket="saas-platform-backups",
            schema_owner="tenant-service",
            alembic_config="/app/database/alembic.ini",
        ),
        Redis(user="saas_platform"),
        Files(bucket="astrbot-files"),
    ),
    secrets={"JWT_SECRET": "jwt-secret", "LLM_API_KEY": "llm-api-key"},
    settings=_settings,
    config_map="saas-platform-config",
    secret="saas-platform-secrets",
    tls_secret="saas-platform-tls",
    requests_per_minute=API_RATE_LIMIT,
    # Section 4.2: where Alertmanager tells the manager which instance to heal.
    alert_hook=AlertHook(service=MANAGER, path="/webhook/alert", alerts=["AstrBotInstanceDown"]),
    rules=RULES,
    boards=board_of(__package__),
)


class AstrBotConfig(TenantsConfig):
    """What an environment says of the platform."""

    declaration = DECLARATION


Config = AstrBotConfig
