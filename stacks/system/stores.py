"""The stores of a system together: what each is told, and what services get of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pulumi

from components.kubernetes.footprint import ContainerResources, Footprint
from components.stores.base import (
    Planned,
    Provider,
    Site,
    Store,
    StoreContext,
    StorePlan,
    StoreSettings,
    planned,
)
from stacks.schema.service.service import Capability
from stacks.schema.system import SystemConfig
from stacks.system.declaration import Declaration
from stacks.system.environment_context import EnvironmentContext
from stacks.system.flows import PROMETHEUS, clients
from stacks.system.system_context import SystemContext


def store_settings(
    declaration: Declaration, config: SystemConfig, args: EnvironmentContext
) -> dict[str, StoreSettings]:
    """What is known of each store before anything is made, by capability."""
    stores, scope = declaration.every_store, args.scope(declaration.name)
    values = {one.capability: getattr(config, one.capability, None) for one in stores}
    wanted = {one.capability: one.backups(scope, values[one.capability]) for one in stores}
    return {
        name: StoreSettings(
            value=value,
            backups=[bucket for other, buckets in wanted.items() if other != name for bucket in buckets],
            cloud=args.backups,
            member=args.member,
        )
        for name, value in values.items()
    }


@dataclass(frozen=True, kw_only=True)
class Stores:
    """The plans of all stores, each after those that it needs."""

    planned: Sequence[Planned]

    @property
    def plans(self) -> list[StorePlan]:
        """Without their stores."""
        return [one.plan for one in self.planned]

    def footprints(self) -> list[Footprint]:
        """The most that each may take."""
        return [part for one in self.plans for part in one.footprints()]

    def containers(self) -> list[ContainerResources]:
        """What the containers of each may take."""
        return [part for one in self.plans for part in one.containers()]

    def settings(self) -> dict[str, str]:
        """What the clients of each have to know."""
        return {key: value for one in self.plans for key, value in one.settings().items()}

    def providers(self) -> Mapping[Capability, Provider]:
        """What stands behind each capability."""
        provided = {one.store.capability: one.plan.provider() for one in self.planned}
        return {capability: provider for capability, provider in provided.items() if provider}

    def register(self, site: Site) -> list[pulumi.Resource]:
        """Register all of them; returns what the services wait for."""
        made: dict[str, Sequence[pulumi.Resource]] = {}
        for one in self.planned:
            made[one.store.capability] = one.plan.register(replace(site, made=dict(made)))
        return [resource for resources in made.values() for resource in resources]


def stores(system: SystemContext) -> Stores:
    """Work out all of them."""
    return Stores(
        planned=planned(system.declaration.every_store, lambda store, plans: store.plan(_context(system, store, plans)))
    )


def _context(system: SystemContext, store: Store, plans: Sequence[StorePlan]) -> StoreContext:
    args, capability = system.args, store.capability
    return StoreContext(
        scope=system.scope,
        settings=system.store_settings[capability],
        figures=getattr(args.tier, capability, None),
        credentials=system.credentials.stores[capability],
        clients=clients(system.scope, system.everyone, capability),
        monitoring=PROMETHEUS,
        secret=system.declaration.secret_name,
        registry=args.registry,
        version=system.version,
        external=args.store,
        storage_class=args.tier.storage_class,
        full_size=args.tier.full_size,
        zones=args.tier.zones,
        zones_required=args.tier.zones_required,
        protect=args.tier.protect_data,
        plans=plans,
        metric_sources=args.metric_sources,
    )
