"""What a system needs, as data. From it and an environment's figures come all of the system's components."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

from components.kubernetes.naming import Scope
from components.monitoring.rules import Objective, RuleSet
from components.stores.base import Store, StorePlan, plan_of, with_brought
from components.stores.store_list import STORES
from stacks.schema.service.service import Service
from stacks.system.environment_context import EnvironmentContext

if TYPE_CHECKING:
    import pulumi

    from components.monitoring.dashboards import Board
    from components.workload.job import ScriptJobArgs

_Plan = TypeVar("_Plan", bound=StorePlan)


@dataclass(frozen=True, kw_only=True)
class Route:
    """A way in from outside: `path` (a prefix) of HOST.DOMAIN leads to the port `http` of a service."""

    host: str
    service: str
    path: str = "/"


@dataclass(frozen=True, kw_only=True)
class AlertHook:
    """The service that Alertmanager tells of these `alerts` (by name) at once, and the path there."""

    service: str
    path: str
    alerts: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A certificate of an authority of the system's own, in the Secret `secret`: for what `services` are called by.

    Each of them has it below `path`, as what it shows to callers (`server.crt`, `server.key`) and to those that it
    calls (`client.crt`, `client.key`), with the authority that signed both (`ca.crt`).
    """

    secret: str
    path: str
    services: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class SigningKeys:
    """A pair of RSA keys in the Secret `secret`; `services` have it below `path`, as `private.pem` and `public.pem`.

    `private` and `public` are the credentials that an external store has it by.
    """

    secret: str
    path: str
    services: Sequence[str]
    private: str
    public: str


@dataclass(frozen=True, kw_only=True)
class ResolvedSystem:
    """What a system's settings and extra objects may speak of: the environment, and its stores' `plans`."""

    args: EnvironmentContext
    scope: Scope
    plans: Sequence[StorePlan] = ()

    def plan(self, kind: type[_Plan]) -> _Plan | None:
        """The plan of this kind of store, such as `RedisPlan`; None for a system without one."""
        return plan_of(self.plans, kind)


def no_settings(resolved: ResolvedSystem) -> Mapping[str, str]:
    """None beside those of the stores."""
    return {}


def no_jobs(resolved: ResolvedSystem) -> Sequence[ScriptJobArgs]:
    """None beside those of the stores."""
    return ()


def board_of(package: str) -> Callable[[], Sequence[Board]]:
    """The dashboard `BOARD` of the module `board` of a system's package.

    It is loaded only where dashboards are shown: most environments of a person's own have no Grafana.
    """
    return lambda: (import_module(f"{package}.board").BOARD,)


def no_boards() -> Sequence[Board]:
    """No dashboard of its own."""
    return ()


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """A system. `name` is its namespace and the label `platform.io/system` of all its objects; `title` is for people.

    `services` are its applications, and `tenant_service` one that runs once for each tenant. `stores` are what keeps
    their data. `secrets` are keys of its Secret that the stores do not add, with the credential behind each. `settings`
    is its ConfigMap, beside what the stores add. `requests_per_minute` limits each client address at its routes.
    `certificate` and `signing_keys` are what its services have as files of keys. `rules` are its alerts, `objective`
    its service level, `boards` the dashboards of its business. `jobs` run once all its services are there. `extras`
    registers what no capability covers.
    """

    name: str
    title: str
    version: str
    services: Sequence[Service]
    tenant_service: Service | None = None
    routes: Sequence[Route] = ()
    stores: Sequence[Store] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)
    settings: Callable[[ResolvedSystem], Mapping[str, str]] = no_settings
    config_map: str | None = None
    secret: str | None = None
    tls_secret: str | None = None
    certificate: Certificate | None = None
    signing_keys: SigningKeys | None = None
    requests_per_minute: int | None = None
    alert_hook: AlertHook | None = None
    rules: RuleSet | None = None
    objective: Objective = field(default_factory=Objective)
    boards: Callable[[], Sequence[Board]] = no_boards
    jobs: Callable[[ResolvedSystem], Sequence[ScriptJobArgs]] = no_jobs
    extras: Callable[[ResolvedSystem, pulumi.ResourceOptions], None] | None = None

    def __post_init__(self) -> None:
        for store in self.every_store:
            if store.facts not in STORES:
                raise ValueError(
                    f"{self.name}: the store {store.capability!r} has no line in components/stores/store_list.py"
                )

    @property
    def type_name(self) -> str:
        """Its title as one word, such as FederatedRisk: the name of its component's type."""
        words = "".join(letter if letter.isalnum() else " " for letter in self.title).split()
        return "".join(word[0].upper() + word[1:] for word in words)

    @property
    def config_map_name(self) -> str:
        """The name of its ConfigMap."""
        return self.config_map or f"{self.name}-config"

    @property
    def secret_name(self) -> str:
        """The name of its Secret."""
        return self.secret or f"{self.name}-secrets"

    @property
    def everyone(self) -> Sequence[Service]:
        """All its services, that of its tenants too."""
        return (*self.services, *((self.tenant_service,) if self.tenant_service else ()))

    @cached_property
    def every_store(self) -> tuple[Store, ...]:
        """Its stores, and those that they bring."""
        return with_brought(self.stores)
