"""A system composed: namespace, credentials, data tier, services, tenants' instances, alerts, and the way in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pulumi

from components.kubernetes.footprint import ContainerResources
from components.kubernetes.namespace import NamespaceArgs, NamespaceBaseline
from components.kubernetes.objects import config_map
from components.monitoring.absence import service_rules
from components.monitoring.catalogue import SOURCES
from components.monitoring.rules import RuleSet, prometheus_rule
from components.platform.credentials import Credentials, SecretBundle, SecretBundleArgs, store_in_namespace
from components.stores.base import Site, StoreSettings
from components.traffic.ingress import Backend, HttpIngress, IngressArgs
from components.workload import Application, ApplicationGroup
from components.workload.job import ScriptJob
from stacks.schema.system import SystemConfig
from stacks.system.credentials import SystemCredentials, system_credentials
from stacks.system.declaration import Declaration
from stacks.system.environment_context import EnvironmentContext
from stacks.system.flows import INGRESS_NAMESPACE
from stacks.system.keys import register_keys
from stacks.system.plan import SystemPlan, plan
from stacks.system.releases import entries, mesh_baseline, mesh_entry, release_analysis
from stacks.system.scraping import metrics
from stacks.system.stores import store_settings
from stacks.system.system_context import SystemContext


def system_rules(declaration: Declaration, sources: Collection[str] = frozenset(SOURCES)) -> RuleSet:
    """All of them, each reading only the series of the system's own namespace.

    Those are left out that read what none of `sources` tells (names of the metric catalogue, default all of them).
    """
    own = declaration.rules or RuleSet(name=declaration.name)
    jobs = [service.name for service in declaration.services if metrics(service) and not service.stopped]
    merged = RuleSet(name=declaration.name).plus(own, declaration.objective.rules(), service_rules(jobs))
    return merged.with_sources(sources).within(declaration.name, system=declaration.name)


def enter(plan: SystemPlan, args: EnvironmentContext, opts: pulumi.ResourceOptions) -> str:
    """Register it; returns the URL of the first host, "" for a system that nobody reaches from outside."""
    routes, name = plan.declaration.routes, plan.declaration.name
    if not routes:
        return ""
    if args.routing.mesh == "none":
        return HttpIngress(f"{name}-{routes[0].host.partition('.')[0]}", _ingress(plan, args), opts).url
    exposed = entries(args, plan.scope, routes)
    return mesh_entry(f"{name}-entry", args, plan.scope, plan.services, exposed, opts=opts).url


def _ingress(plan: SystemPlan, args: EnvironmentContext) -> IngressArgs:
    declaration = plan.declaration
    return IngressArgs(
        scope=plan.scope,
        component=declaration.routes[0].service,
        hosts={
            f"{host}.{args.domain}": _backends(plan, host) for host in {one.host: None for one in declaration.routes}
        },
        tls_secret_name=declaration.tls_secret or f"{declaration.name}-tls",
        class_name=args.ingress_class,
        cluster_issuer=args.tier.cluster_issuer,
        controller_namespace=INGRESS_NAMESPACE,
        requests_per_minute=declaration.requests_per_minute,
    )


def _backends(plan: SystemPlan, host: str) -> Sequence[Backend]:
    ports = {service.name: service.port for service in plan.services}
    return [
        Backend(path=route.path, service=route.service, port=ports[route.service])
        for route in plan.declaration.routes
        if route.host == host
    ]


_CONTAINER_DEFAULT = ContainerResources.of("100m", "500m", "128Mi", "512Mi")


class System(pulumi.ComponentResource):
    """A system in a namespace of its own. Outputs: `url` ("" where nobody reaches it from outside)."""

    url: str

    def __init__(
        self,
        declaration: Declaration,
        config: SystemConfig,
        args: EnvironmentContext,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        name = declaration.name
        super().__init__(f"platform:systems:{declaration.type_name}", name, {}, opts)
        self._name, self._args = name, args
        settings = store_settings(declaration, config, args)
        credentials = self._credentials(declaration, settings)
        system = SystemContext(
            declaration=declaration, config=config, args=args, credentials=credentials, store_settings=settings
        )
        self._plan = plan(system)
        # Whatever lives in the namespace waits for its baseline: quota and network policy are there first.
        namespace = self._namespace(self._plan)
        own = pulumi.ResourceOptions(parent=self, depends_on=[namespace])
        store = store_in_namespace(args.store, self._plan.scope, own)
        child = pulumi.ResourceOptions(parent=self, depends_on=[namespace, *args.needs, *store])
        needs = [*self._environment(credentials, child), *self._stores(child)]
        self._applications([namespace, *needs])
        release_analysis(name, args, self._plan.services, child)
        rules = system_rules(declaration, args.metric_sources)
        if args.grafana and (boards := declaration.boards()):
            # The first is the system's own; the alerts of its stores and of the platform have none.
            rules = rules.shown_at(f"{args.grafana.rstrip('/')}/d/{boards[0].uid}")
        prometheus_rule(f"{name}-alerts", scope=self._plan.scope, component=f"{name}-alerts", rules=rules, opts=child)
        mesh_baseline(name, self._plan.mesh, child)
        if declaration.extras:
            declaration.extras(self._plan.resolved, child)
        self.url = enter(self._plan, args, child)
        self.register_outputs({"url": self.url})

    def _credentials(self, declaration: Declaration, settings: Mapping[str, StoreSettings]) -> SystemCredentials:
        child = pulumi.ResourceOptions(parent=self)
        made = Credentials(f"{self._name}-credentials", self._args.store, child, prefix=f"{self._name}-")
        return system_credentials(declaration, settings, made)

    def _namespace(self, plan: SystemPlan) -> NamespaceBaseline:
        largest = plan.largest()
        arguments = NamespaceArgs(
            scope=plan.scope,
            quota=plan.footprint(),
            # A default above the maximum is refused by the API server.
            container_default=_CONTAINER_DEFAULT.within(largest),
            container_max=largest,
        )
        return NamespaceBaseline(self._name, arguments, pulumi.ResourceOptions(parent=self))

    def _environment(self, credentials: SystemCredentials, opts: pulumi.ResourceOptions) -> list[pulumi.Resource]:
        declaration, scope = self._plan.declaration, self._plan.scope
        name = declaration.config_map_name
        settings = config_map(
            f"{self._name}-config", scope=scope, config_name=name, data=self._plan.settings, opts=opts
        )
        keys = register_keys(declaration, scope, credentials.signing, self._args.store, opts)
        if not credentials.bundle:
            return [settings, *keys]
        bundle = SecretBundleArgs(
            scope=scope,
            secret_name=declaration.secret_name,
            component=self._name,
            secret=credentials.bundle,
            plain={},
            store=self._args.store,
        )
        return [settings, *keys, SecretBundle(f"{self._name}-secrets", bundle, opts)]

    def _stores(self, opts: pulumi.ResourceOptions) -> Sequence[pulumi.Resource]:
        site = Site(name=self._name, external=self._args.store, parent=self, opts=opts)
        return self._plan.stores.register(site)

    def _applications(self, needs: list[pulumi.Resource]) -> None:
        opts = pulumi.ResourceOptions(parent=self, depends_on=needs)
        made = [Application(f"{self._name}-{service.name}", service, opts) for service in self._plan.services]
        self._jobs([*needs, *made])
        if self._plan.group is None:
            return
        shared = ApplicationGroup(self._plan.group.component, self._plan.group, opts)
        for instance in self._plan.tenants:
            after = pulumi.ResourceOptions(parent=self, depends_on=[*needs, shared])
            Application(f"{self._name}-{instance.name}", instance, after)

    def _jobs(self, needs: list[pulumi.Resource]) -> None:
        for job in self._plan.jobs:
            opts = pulumi.ResourceOptions(parent=self, depends_on=needs)
            ScriptJob(f"{self._name}-{job.name.removeprefix(f'{self._name}-')}", job, opts)
