"""The platform composed: namespace, credentials, data tier, services, tenants' instances, and the way in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi

from components.application import Application, ApplicationGroup, ApplicationGroupArgs
from components.buckets import Buckets
from components.cache import Cache
from components.configuration import config_map
from components.credentials import Credential, Credentials, SecretBundle, SecretBundleArgs, store_in_namespace
from components.database import Database, DatabaseLogins
from components.footprint import ContainerResources
from components.ingress import Backend, HttpIngress, IngressArgs
from components.namespace import NamespaceArgs, NamespaceBaseline
from components.object_storage import ObjectStorage
from components.observability.rules import prometheus_rule
from components.script_job import ScriptJob
from stacks.alerts import system_rules
from stacks.meshing import mesh_baseline, mesh_entry
from stacks.releasing import release_analysis
from stacks.systems.astrbot.config import AstrBotConfig
from stacks.systems.astrbot.data import ORIGINAL_CLUSTER
from stacks.systems.astrbot.plan import API_RATE_LIMIT, CONFIG_MAP, SECRET, Plan, host, plan
from stacks.systems.astrbot.services import (
    DATA_SECRET_KEYS,
    DATABASE_PASSWORDS,
    GATEWAY,
    INSTANCE,
    SECRET_KEYS,
    unused_keys,
)
from stacks.systems.base import SystemArgs

NAME = "astrbot"
_CONTAINER_DEFAULT = ContainerResources.of("100m", "500m", "128Mi", "512Mi")


class AstrBot(pulumi.ComponentResource):
    """The AstrBot SaaS platform in its own namespace. Outputs: `url`."""

    url: str

    def __init__(self, config: AstrBotConfig, args: SystemArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:systems:AstrBot", NAME, {}, opts)
        self._args = args
        credentials = Credentials(f"{NAME}-credentials", args.store, pulumi.ResourceOptions(parent=self))
        first, second = (credentials.credential(name) for name in config.database.credentials(*DATABASE_PASSWORDS))
        unused = {"DB_PASSWORD", *unused_keys(config.object_storage, args.backups is not None)}
        wanted = {key: name for key, name in (SECRET_KEYS | DATA_SECRET_KEYS).items() if key not in unused}
        made = {"DB_PASSWORD": (first, second)[config.database.rotation.active]}
        made |= {key: credentials.credential(name) for key, name in wanted.items()}
        secrets = {key: one for key, one in made.items() if key in SECRET_KEYS}
        self._plan = plan(config, args, args.scope(NAME), made, (first, second))
        # Whatever lives in the namespace waits for its baseline: quota and network policy are there first.
        namespace = self._namespace(self._plan)
        own = pulumi.ResourceOptions(parent=self, depends_on=[namespace])
        store = store_in_namespace(args.store, self._plan.scope, own)
        child = pulumi.ResourceOptions(parent=self, depends_on=[namespace, *args.needs, *store])
        needs = [*self._environment(secrets, child), *self._data_tier(child)]
        self._applications([namespace, *needs])
        release_analysis(NAME, args, self._plan.services, child)
        rules = system_rules(NAME, self._plan.scope.namespace, args.metric_sources)
        prometheus_rule(f"{NAME}-alerts", scope=self._plan.scope, component="astrbot-alerts", rules=rules, opts=child)
        mesh_baseline(NAME, self._plan.mesh, child)
        self.url = self._entry(child)
        self.register_outputs({"url": self.url})

    def _namespace(self, plan: Plan) -> NamespaceBaseline:
        largest = [plan.database.resources, plan.cache.resources]
        largest += [plan.storage.minio.resources] if plan.storage.minio else []
        largest += [application.resources for application in (*plan.services, *plan.instances)]
        return NamespaceBaseline(
            NAME,
            NamespaceArgs(
                scope=plan.scope,
                quota=plan.footprint(),
                container_default=_CONTAINER_DEFAULT,
                container_max=ContainerResources.largest(largest),
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _environment(
        self, secrets: Mapping[str, Credential], opts: pulumi.ResourceOptions
    ) -> tuple[pulumi.Resource, pulumi.Resource]:
        scope = self._plan.scope
        settings = config_map(
            f"{NAME}-config", scope=scope, config_name=CONFIG_MAP, data=self._plan.settings, opts=opts
        )
        bundle = SecretBundleArgs(
            scope=scope, secret_name=SECRET, component=NAME, secret=secrets, plain={}, store=self._args.store
        )
        return settings, SecretBundle(f"{NAME}-secrets", bundle, opts)

    def _object_storage(self, opts: pulumi.ResourceOptions) -> list[pulumi.Resource]:
        """Whatever of it is the cluster's; the last is what others wait for."""
        storage, made = self._plan.storage, list[pulumi.Resource]()
        if storage.minio:
            made.append(ObjectStorage(f"{NAME}-minio", storage.minio, opts))
        if storage.buckets:
            after = pulumi.ResourceOptions(parent=self, depends_on=list(made))
            made.append(Buckets(f"{NAME}-buckets", storage.buckets, after))
        if storage.backup_secret:
            made.append(SecretBundle(f"{NAME}-backup-secret", storage.backup_secret, opts))
        return made

    def _data_tier(self, opts: pulumi.ResourceOptions) -> tuple[pulumi.Resource, ...]:
        files = self._object_storage(opts)
        database = self._databases(opts, files)
        after = pulumi.ResourceOptions(parent=self, depends_on=[database])
        ScriptJob(f"{NAME}-dump", self._plan.dump, after)
        needs = [database, Cache(f"{NAME}-redis", self._plan.cache, opts), *files]
        if self._plan.migration:
            # The services depend on it: new pods start once the schema is theirs, and not if that failed.
            needs.append(ScriptJob(f"{NAME}-migration", self._plan.migration, after))
        return tuple(needs)

    def _databases(self, opts: pulumi.ResourceOptions, files: Sequence[pulumi.Resource]) -> Database:
        """All clusters of the database; returns the one that applications use."""
        active = self._plan.database
        name = f"{NAME}-postgresql"
        logins = DatabaseLogins(
            f"{name}-logins",
            scope=self._plan.scope,
            component=ORIGINAL_CLUSTER,
            logins=active.logins,
            store=self._args.store,
            opts=opts,
        )
        # A database that cannot archive its WAL keeps it, and fills its volume: the bucket is there first.
        after = pulumi.ResourceOptions(parent=self, depends_on=[logins, *files])
        made = {
            one.cluster_name: Database(
                name if one.cluster_name == ORIGINAL_CLUSTER else f"{NAME}-{one.cluster_name}", one, after
            )
            for one in self._plan.databases
        }
        return made[active.cluster_name]

    def _applications(self, needs: list[pulumi.Resource]) -> None:
        opts = pulumi.ResourceOptions(parent=self, depends_on=needs)
        for service in self._plan.services:
            Application(f"{NAME}-{service.name}", service, opts)
        if not self._plan.instances:
            return
        group = ApplicationGroupArgs(
            scope=self._plan.scope,
            component=INSTANCE,
            ingress=self._plan.instance_ingress,
            egress=self._plan.instance_egress,
            metrics=self._plan.instance_metrics,
            service_account_annotations=self._plan.instance_identity,
        )
        shared = ApplicationGroup(INSTANCE, group, opts)
        for instance in self._plan.instances:
            Application(
                f"{NAME}-{instance.name}", instance, pulumi.ResourceOptions(parent=self, depends_on=[*needs, shared])
            )

    def _entry(self, opts: pulumi.ResourceOptions) -> str:
        """The way in, through the mesh or, without one, an Ingress."""
        if self._args.routing.mesh == "none":
            return self._ingress(opts).url
        exposed = [(host(self._args), GATEWAY)]
        return mesh_entry(f"{NAME}-entry", self._args, self._plan.scope, self._plan.services, exposed, opts=opts).url

    def _ingress(self, opts: pulumi.ResourceOptions) -> HttpIngress:
        gateway = next(service for service in self._plan.services if service.name == GATEWAY)
        return HttpIngress(
            f"{NAME}-api",
            IngressArgs(
                scope=self._plan.scope,
                component=GATEWAY,
                host=host(self._args),
                tls_secret_name="saas-platform-tls",
                backends=(Backend(path="/", service=GATEWAY, port=gateway.ports["http"]),),
                class_name=self._args.ingress_class,
                cluster_issuer=self._args.tier.cluster_issuer,
                requests_per_minute=API_RATE_LIMIT,
            ),
            opts,
        )
