"""One system in one environment: all that its plan is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.kubernetes.naming import Scope
from components.stores.base import StoreSettings
from stacks.schema.service.service import Service, sized
from stacks.schema.system import SystemConfig
from stacks.system.credentials import SystemCredentials
from stacks.system.declaration import Declaration
from stacks.system.environment_context import EnvironmentContext


@dataclass(frozen=True, kw_only=True)
class SystemContext:
    """What the system needs (`declaration`), what the environment says of it (`config`), and the environment.

    `store_settings` are those of its stores, by capability.
    """

    declaration: Declaration
    config: SystemConfig
    args: EnvironmentContext
    credentials: SystemCredentials
    store_settings: Mapping[str, StoreSettings]

    @property
    def scope(self) -> Scope:
        """The system's namespace and labels."""
        return self.args.scope(self.declaration.name)

    @property
    def version(self) -> str:
        """That of the services that have none of their own."""
        return self.config.version or self.declaration.version

    @property
    def services(self) -> list[Service]:
        """Its services and those that the environment adds, with the environment's figures."""
        return sized([*self.declaration.services, *self.config.services], self.config.sizes)

    @property
    def tenant_service(self) -> Service | None:
        """The one that runs once for each tenant."""
        return next(iter(sized(filter(None, [self.declaration.tenant_service]), self.config.sizes)), None)

    @property
    def everyone(self) -> Sequence[Service]:
        """All of them."""
        return [*self.services, *filter(None, [self.tenant_service])]
