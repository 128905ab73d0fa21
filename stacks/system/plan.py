"""Everything a system will be, worked out before anything is registered: its components' arguments and its quota."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.kubernetes.footprint import ContainerResources, Footprint
from components.kubernetes.naming import Scope
from components.kubernetes.objects import checksum
from components.traffic.mesh import MeshArgs
from components.workload import ApplicationArgs, ApplicationGroupArgs
from components.workload.job import ScriptJobArgs
from stacks.schema.service.service import Service
from stacks.schema.system import Tenant
from stacks.system.applications import application_args, service_account_annotations
from stacks.system.declaration import Declaration, ResolvedSystem
from stacks.system.flows import ServiceContext, egress_flows, ingress_flows, meshed
from stacks.system.keys import key_files
from stacks.system.releases import entries, mesh_args
from stacks.system.scraping import scraped_directly
from stacks.system.stores import Stores, stores
from stacks.system.system_context import SystemContext


@dataclass(frozen=True, kw_only=True)
class SystemPlan:
    """The arguments of every component, ready to be built. `tenants` share the policy of their `group`."""

    declaration: Declaration
    scope: Scope
    settings: Mapping[str, str]
    resolved: ResolvedSystem
    stores: Stores
    services: Sequence[ApplicationArgs]
    tenants: Sequence[ApplicationArgs]
    group: ApplicationGroupArgs | None
    jobs: Sequence[ScriptJobArgs]
    mesh: MeshArgs | None

    def footprint(self) -> Footprint:
        """The most that the whole system may take, which is its namespace's quota."""
        return sum((*self.stores.footprints(), *(one.footprint() for one in self._workloads)), Footprint())

    def largest(self) -> ContainerResources:
        """What no container of the namespace exceeds."""
        return ContainerResources.largest([*self.stores.containers(), *(one.resources for one in self._workloads)])

    @property
    def _workloads(self) -> list[ApplicationArgs | ScriptJobArgs]:
        return [*self.services, *self.tenants, *self.jobs]


def plan(system: SystemContext) -> SystemPlan:
    """Work out everything from what the system needs and the environment says."""
    declaration, everyone, kept = system.declaration, system.everyone, stores(system)
    known = ResolvedSystem(args=system.args, scope=system.scope, plans=kept.plans)
    settings = {**kept.settings(), **declaration.settings(known)}
    context = _service_context(system, settings, kept)
    tenant, webhook = system.tenant_service, declaration.alert_hook.path if declaration.alert_hook else ""
    return SystemPlan(
        declaration=declaration,
        scope=system.scope,
        settings=settings,
        resolved=known,
        stores=kept,
        services=[application_args(service, everyone, context) for service in system.services],
        tenants=[_instance(one, tenant, everyone, context) for one in system.config.tenant_list if tenant],
        group=_group(tenant, everyone, context) if tenant and system.config.tenant_list else None,
        jobs=declaration.jobs(known),
        mesh=mesh_args(
            # Without a tenant there is no pod that a policy or a monitor of theirs could select.
            [one for one in everyone if system.config.tenant_list or tenant is None or one.name != tenant.name],
            context,
            groups=[tenant.name] if tenant else [],
            webhook=webhook,
        ),
    )


def _instance(
    tenant: Tenant, standard: Service, everyone: Sequence[Service], context: ServiceContext
) -> ApplicationArgs:
    own = {"cpu": tenant.cpu, "memory": tenant.memory}
    service = standard.model_copy(update={key: value for key, value in own.items() if value is not None})
    return application_args(service, everyone, context, instance=tenant.name)


def _group(service: Service, everyone: Sequence[Service], context: ServiceContext) -> ApplicationGroupArgs:
    return ApplicationGroupArgs(
        scope=context.scope,
        component=service.name,
        ingress=ingress_flows(service, everyone, context),
        egress=egress_flows(service, everyone, context),
        metrics=scraped_directly(service, in_mesh=meshed(context)),
        service_account_annotations=service_account_annotations(service, context),
    )


def _service_context(system: SystemContext, settings: Mapping[str, str], kept: Stores) -> ServiceContext:
    declaration, args, scope = system.declaration, system.args, system.scope
    return ServiceContext(
        scope=scope,
        tier=args.tier,
        telemetry=args.telemetry,
        registry=args.registry,
        version=system.version,
        config_map=declaration.config_map_name,
        secret=declaration.secret_name,
        annotations=checksum(settings),
        keys=key_files(declaration, args.store),
        providers=kept.providers(),
        exposed=tuple(dict.fromkeys(route.service for route in declaration.routes)),
        alerted=(declaration.alert_hook.service,) if declaration.alert_hook else (),
        routing=args.routing,
        entries=entries(args, scope, declaration.routes),
        scaler=args.scaler,
        requests_per_minute=declaration.requests_per_minute,
        vertical=args.vertical,
        external_secrets=args.store is not None,
    )
