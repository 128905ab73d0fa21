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
from stacks.system.applications import application_args, metrics, service_account_annotations
from stacks.system.declaration import Around, Declaration
from stacks.system.flows import Surroundings, egress_flows, ingress_flows
from stacks.system.order import Order
from stacks.system.releases import entries, mesh_args
from stacks.system.stores import Stores, stores


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The arguments of every component, ready to be built. `tenants` share the policy of their `group`."""

    declaration: Declaration
    scope: Scope
    settings: Mapping[str, str]
    around: Around
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


def plan(order: Order) -> Plan:
    """Work out everything from what the system needs and the environment says."""
    declaration, everyone, kept = order.declaration, order.everyone, stores(order)
    known = Around(
        args=order.args,
        scope=order.scope,
        database=kept.postgres.active if kept.postgres else None,
        cache=kept.redis.args if kept.redis else None,
        files=kept.storage.files,
    )
    settings = {**kept.settings(), **declaration.settings(known)}
    around = _surroundings(order, settings, kept)
    tenant, webhook = order.tenant_service, declaration.alert_hook.path if declaration.alert_hook else ""
    return Plan(
        declaration=declaration,
        scope=order.scope,
        settings=settings,
        around=known,
        stores=kept,
        services=[application_args(service, everyone, around) for service in order.services],
        tenants=[_instance(one, tenant, everyone, around) for one in order.config.tenant_list if tenant],
        group=_group(tenant, everyone, around) if tenant and order.config.tenant_list else None,
        jobs=declaration.jobs(known),
        mesh=mesh_args(everyone, around, groups=[tenant.name] if tenant else [], webhook=webhook),
    )


def _instance(tenant: Tenant, standard: Service, everyone: Sequence[Service], around: Surroundings) -> ApplicationArgs:
    own = {"cpu": tenant.cpu, "memory": tenant.memory}
    service = standard.model_copy(update={key: value for key, value in own.items() if value is not None})
    return application_args(service, everyone, around, instance=tenant.name)


def _group(service: Service, everyone: Sequence[Service], around: Surroundings) -> ApplicationGroupArgs:
    return ApplicationGroupArgs(
        scope=around.scope,
        component=service.name,
        ingress=ingress_flows(service, everyone, around),
        egress=egress_flows(service, everyone, around),
        metrics=() if around.routing.mesh == "istio" else metrics(service),
        service_account_annotations=service_account_annotations(service, around),
    )


def _surroundings(order: Order, settings: Mapping[str, str], kept: Stores) -> Surroundings:
    declaration, args, scope = order.declaration, order.args, order.scope
    return Surroundings(
        scope=scope,
        tier=args.tier,
        telemetry=args.telemetry,
        registry=args.registry,
        version=order.version,
        config_map=declaration.config_map_name,
        secret=declaration.secret_name,
        annotations=checksum(settings),
        providers=kept.providers(declaration.secret_name, list(order.credentials.bundle)),
        exposed=tuple(dict.fromkeys(route.service for route in declaration.routes)),
        alerted=(declaration.alert_hook.service,) if declaration.alert_hook else (),
        routing=args.routing,
        entries=entries(args, scope, declaration.routes),
        scaler=args.scaler,
        vertical=args.vertical,
    )
