"""Everything the platform will be, worked out before anything is registered: its services' arguments and its quota."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.application import ApplicationArgs
from components.cache import CacheArgs
from components.configuration import checksum
from components.credentials import Credential
from components.database import PORT as DATABASE_PORT
from components.database import DatabaseArgs
from components.database.dump import dump_args
from components.footprint import Footprint
from components.naming import Scope
from components.network import Flow
from components.observability.monitors import Endpoint
from components.routing.mesh import MeshArgs
from components.script_job import ScriptJobArgs
from stacks.composition import (
    Provider,
    Surroundings,
    application_args,
    egress_flows,
    ingress_flows,
    metrics,
    pods_at,
    service_account_annotations,
)
from stacks.meshing import mesh_args
from stacks.releasing import entries
from stacks.services import Service, sized
from stacks.systems.astrbot import data, files
from stacks.systems.astrbot.config import AstrBotConfig, Tenant
from stacks.systems.astrbot.files import Storage
from stacks.systems.astrbot.services import GATEWAY, INSTANCE, MANAGER, SERVICES, instance_service, unused_keys
from stacks.systems.base import SystemArgs

# Names of section 2.1.
CONFIG_MAP = "saas-platform-config"
SECRET = "saas-platform-secrets"
# Section 2.1: requests a minute, session lifetime in seconds, and the most instances that the manager starts.
API_RATE_LIMIT = 1000
_SESSION_TIMEOUT = 3600
_MAX_INSTANCES = 1000
# Section 4.2: where Alertmanager tells the manager which instance to heal.
_ALERT_WEBHOOK = "/webhook/alert"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The arguments of every component, ready to be built. `database` is the one of `databases` that is in use."""

    scope: Scope
    settings: Mapping[str, str]
    database: DatabaseArgs
    databases: Sequence[DatabaseArgs]
    dump: ScriptJobArgs
    cache: CacheArgs
    storage: Storage
    migration: ScriptJobArgs | None
    services: Sequence[ApplicationArgs]
    instances: Sequence[ApplicationArgs]
    instance_ingress: Sequence[Flow]
    instance_egress: Sequence[Flow]
    instance_metrics: Sequence[Endpoint]
    mesh: MeshArgs | None
    instance_identity: Mapping[str, str]

    def footprint(self) -> Footprint:
        """The most that the whole platform may take, which is its namespace's quota."""
        kept = [one for one in (self.storage.minio, self.storage.buckets, self.migration) if one]
        everything = (*self.databases, self.dump, self.cache, *kept, *self.services, *self.instances)
        return sum((one.footprint() for one in everything), Footprint())


def plan(
    config: AstrBotConfig,
    args: SystemArgs,
    scope: Scope,
    secrets: Mapping[str, Credential],
    database_passwords: tuple[Credential, Credential],
) -> Plan:
    """Work out everything from what the environment says."""
    services = sized([*SERVICES, *config.services], config.sizes)
    (instance,) = sized([instance_service(unused_keys(config.object_storage))], config.sizes)
    everyone = [*services, instance]
    storage = files.storage(
        config.object_storage, args, scope, everyone, secrets=secrets, clusters=config.database.clusters
    )
    databases = data.databases(
        config.database, args, scope, everyone, passwords=database_passwords, backups=storage.backups
    )
    database = next(one for one in databases if one.cluster_name == config.database.active)
    cache = data.cache(args, scope, everyone, secrets)
    settings = {**_settings(args, database), **data.cache_settings(cache), **storage.files.settings()}
    around = _surroundings(config, args, scope, settings, (database, cache, storage))
    return Plan(
        scope=scope,
        settings=settings,
        database=database,
        databases=databases,
        dump=dump_args(database),
        cache=cache,
        storage=storage,
        migration=data.migration(args, database, config.version) if database.writes else None,
        services=[application_args(service, everyone, around) for service in services],
        instances=[_instance(tenant, instance, everyone, around) for tenant in config.tenants],
        instance_ingress=ingress_flows(instance, everyone, around),
        instance_egress=egress_flows(instance, everyone, around),
        instance_metrics=() if args.routing.mesh == "istio" else metrics(instance),
        mesh=mesh_args(everyone, around, groups=[INSTANCE], webhook=_ALERT_WEBHOOK),
        instance_identity=service_account_annotations(instance, around),
    )


def _instance(tenant: Tenant, standard: Service, everyone: Sequence[Service], around: Surroundings) -> ApplicationArgs:
    own = {"cpu": tenant.cpu, "memory": tenant.memory}
    service = standard.model_copy(update={key: value for key, value in own.items() if value is not None})
    return application_args(service, everyone, around, instance=tenant.name)


def _surroundings(
    config: AstrBotConfig,
    args: SystemArgs,
    scope: Scope,
    settings: Mapping[str, str],
    data_tier: tuple[DatabaseArgs, CacheArgs, Storage],
) -> Surroundings:
    database, cache, storage = data_tier
    return Surroundings(
        scope=scope,
        tier=args.tier,
        telemetry=args.telemetry,
        registry=args.registry,
        version=config.version,
        config_map=CONFIG_MAP,
        secret=SECRET,
        annotations=checksum(settings),
        providers={
            "database": Provider(flows=pods_at(database.pods, DATABASE_PORT)),
            "cache": data.cache_provider(cache),
            "object_storage": storage.provider,
        },
        exposed=(GATEWAY,),
        # Section 4.2: it heals the instance that an alert names.
        alerted=(MANAGER,),
        routing=args.routing,
        entries=entries(args, scope, {GATEWAY: host(args)}),
    )


def host(args: SystemArgs) -> str:
    """Where the platform answers."""
    return f"api.{args.domain}"


def _settings(args: SystemArgs, database: DatabaseArgs) -> dict[str, str]:
    """The ConfigMap of section 2.1, but for what its stores add."""
    return {
        "DB_HOST": database.host,
        "DB_READ_HOST": database.read_host,
        "DB_PORT": str(DATABASE_PORT),
        "DB_NAME": database.database,
        "DB_USER": database.login.user,
        # Both the pooler and the server turn away what is not encrypted.
        "DB_SSLMODE": "require",
        "API_RATE_LIMIT": str(API_RATE_LIMIT),
        "SESSION_TIMEOUT": str(_SESSION_TIMEOUT),
        "MAX_ASTRBOT_INSTANCES": str(_MAX_INSTANCES),
        "METRICS_ENABLED": "true",
        "LOG_LEVEL": args.tier.log_level,
        "TRACE_SAMPLING_RATE": str(args.tier.trace_sampling_rate),
        "ENVIRONMENT": args.environment,
    }
