"""What a store is to the systems that have it: what it is told, what it plans, and what services get of it.

A system's declaration lists its stores. Whatever collects something of them (credentials, names, settings, providers,
footprints, registration, the checks of an environment's file) asks each of the list, and names none.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, TypeVar

import pulumi

from components.kubernetes.footprint import ContainerResources, Footprint
from components.kubernetes.naming import Scope
from components.kubernetes.network import Flow, Peer
from components.kubernetes.quantity import Bytes, Cpu
from components.monitoring.catalogue import SOURCES
from components.platform.credentials import Credential, ExternalStore
from components.stores.backups import BackupBucket, CloudBackups
from components.stores.facts import StoreFacts
from components.workload.args import SecretKey

_Plan = TypeVar("_Plan", bound="StorePlan")
_Quantity = TypeVar("_Quantity", Cpu, Bytes)


@dataclass(frozen=True, kw_only=True)
class Provider:
    """What stands behind a capability: how it is reached, and what a service that uses it gets for that.

    `secrets` are environment variables; `service_account_annotations` tie the service account to an identity outside
    of the cluster.
    """

    flows: Sequence[Flow]
    secrets: Mapping[str, SecretKey] = field(default_factory=dict)
    service_account_annotations: Mapping[str, str] = field(default_factory=dict)


def pods_at(selectors: Sequence[Mapping[str, str]], port: int) -> list[Flow]:
    """The flows that lead to a port of the pods of these label selectors."""
    return [Flow(peer=Peer(pods=selector), ports=(port,)) for selector in selectors]


def plan_of(plans: Sequence[StorePlan], kind: type[_Plan]) -> _Plan | None:
    """The plan of this kind of store, such as `RedisPlan`; None where there is none."""
    return next((one for one in plans if isinstance(one, kind)), None)


@dataclass(frozen=True, kw_only=True)
class StoreSettings:
    """What is known of a store before anything is made.

    `value` is what the environment says of it, below the key of its capability (None where there is no such key).
    `backups` are the buckets that the system's other stores want, and `cloud` the one that was made with the cluster,
    which is called `member` in its fleet (None without one).
    """

    value: Any = None
    backups: Sequence[BackupBucket] = ()
    cloud: CloudBackups | None = None
    member: str | None = None


@dataclass(frozen=True, kw_only=True)
class StoreContext:
    """What a store's plan is made from: the environment, the system, and what both say of the store.

    `figures` is the tier's row of the capability (None where it has none), `credentials` those that the store asked
    for, by its own names. `clients` are the label selectors of the pods that use it, `monitoring` is who reads its
    metrics, `metric_sources` who tells any in the environment. `secret` is the system's Secret, `version` that of its
    services, `external` where credentials lie if not in the state. `plans` are those of the stores that it brings.
    """

    scope: Scope
    settings: StoreSettings
    figures: Any
    credentials: Mapping[str, Credential]
    clients: Sequence[Mapping[str, str]]
    monitoring: Peer
    secret: str
    registry: str
    version: str
    external: ExternalStore | None
    storage_class: str | None
    full_size: bool
    zones: int
    zones_required: bool
    protect: bool
    plans: Sequence[StorePlan] = ()
    metric_sources: Collection[str] = frozenset(SOURCES)

    def plan(self, kind: type[_Plan]) -> _Plan:
        """The plan of this kind of a store that is brought."""
        found = plan_of(self.plans, kind)
        assert found is not None, f"{kind.__name__} is of no store that is brought"
        return found


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where stores are registered: the system's `name` and component, the options of all that is in its namespace.

    `made` are the resources of those that came before, by capability.
    """

    name: str
    external: ExternalStore | None
    parent: pulumi.Resource
    opts: pulumi.ResourceOptions
    made: Mapping[str, Sequence[pulumi.Resource]] = field(default_factory=dict)

    def after(self, *needs: pulumi.Resource) -> pulumi.ResourceOptions:
        """The options of what needs these."""
        return pulumi.ResourceOptions(parent=self.parent, depends_on=list(needs))


def _refuse_missing(cls: type, base: type, parts: Mapping[str, str]) -> None:
    """Raise TypeError, with the class and the part, for one that `base` leaves to it and that it has not."""
    for name, purpose in parts.items():
        if getattr(cls, name, None) is getattr(base, name, None):
            raise TypeError(f"{cls.__name__} has no {name}: a store says {purpose}, see components/stores/base.py")


class StorePlan:
    """A store worked out before anything is registered."""

    def __init_subclass__(cls) -> None:
        """Raises TypeError for a plan without one of its parts."""
        super().__init_subclass__()
        _refuse_missing(cls, StorePlan, _PLANNED)

    def footprints(self) -> Sequence[Footprint]:
        """The most that each part of it may take of the namespace's quota."""
        raise NotImplementedError

    def containers(self) -> Sequence[ContainerResources]:
        """What its containers may take, of which the largest is the namespace's limit."""
        raise NotImplementedError

    def settings(self) -> Mapping[str, str]:
        """What its clients have to know, as environment variables of every service."""
        raise NotImplementedError

    def provider(self) -> Provider | None:
        """What a service gets that uses it; None where no service may."""
        raise NotImplementedError

    def register(self, site: Site) -> Sequence[pulumi.Resource]:
        """Register it; returns what the services wait for."""
        raise NotImplementedError


_PLANNED = {
    "footprints": "how much of the quota it takes",
    "containers": "what its containers take",
    "settings": "what its clients have to know",
    "provider": "what its clients get",
    "register": "which resources it is made of",
}


class Store:
    """A store of a system's declaration, and what it needs of the system and the environment."""

    facts: ClassVar[StoreFacts]

    def __init_subclass__(cls) -> None:
        """Raises TypeError for a store without one of its parts."""
        super().__init_subclass__()
        _refuse_missing(cls, Store, _DECLARED)

    @property
    def capability(self) -> str:
        """The word by which services use it."""
        return self.facts.capability

    def plan(self, context: StoreContext) -> StorePlan:
        """Work it out."""
        raise NotImplementedError

    def names(self, system: str) -> Sequence[str]:
        """The names of its objects in the system's namespace, so that no service takes one of them."""
        raise NotImplementedError

    def brings(self) -> Sequence[Store]:
        """The stores that it cannot do without; one of the same capability that the system declares stands in."""
        return ()

    def backups(self, scope: Scope, value: Any) -> Sequence[BackupBucket]:
        """The buckets that it wants for its backups; `value` is what the environment says of the store."""
        return ()

    def credentials(self, settings: StoreSettings) -> Mapping[str, str]:
        """The credentials that it needs, by its own name for each, and the name under which each is kept."""
        return {}

    def keys(self) -> Mapping[str, str]:
        """The keys that it has in the system's Secret in every environment, with its own name of each credential."""
        return {}

    def keys_unless_role(self, value: Any) -> Mapping[str, str]:
        """Those that an IAM role may stand in for, as far as with `value` none does. They are the Secret's last."""
        return {}

    def problems(self, title: str, value: Any) -> Iterable[tuple[tuple[str, ...], str]]:
        """What does not fit the system called `title` in the raw value of the environment's key: paths, messages."""
        return ()


_DECLARED = {
    "facts": "what the platform knows of it",
    "plan": "how it is worked out",
    "names": "which names it takes",
}


def with_brought(stores: Sequence[Store]) -> tuple[Store, ...]:
    """The stores, and after them what they bring and the system does not declare itself."""
    found = {one.capability: one for one in stores}
    if len(found) < len(stores):
        raise ValueError(f"a system has one store of each capability; got {[one.capability for one in stores]}")
    for store in stores:
        for brought in with_brought(store.brings()):
            found.setdefault(brought.capability, brought)
    return tuple(found.values())


def planned(stores: Sequence[Store], work_out: Callable[[Store, Sequence[StorePlan]], StorePlan]) -> list[Planned]:
    """Every store with its plan, each after those that it brings."""
    made: dict[str, Planned] = {}
    by_capability = {one.capability: one for one in stores}

    def add(store: Store) -> None:
        if store.capability in made:
            return
        brought = [by_capability[one.capability] for one in store.brings()]
        for one in brought:
            add(one)
        plan = work_out(store, [made[one.capability].plan for one in brought])
        made[store.capability] = Planned(store=store, plan=plan)

    for store in stores:
        add(store)
    return list(made.values())


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A store and its plan."""

    store: Store
    plan: StorePlan


class PodFigures(Protocol):
    """What a tier says of each pod of a store."""

    @property
    def cpu_request(self) -> Cpu: ...
    @property
    def cpu_limit(self) -> Cpu: ...
    @property
    def memory_request(self) -> Bytes: ...
    @property
    def memory_limit(self) -> Bytes: ...
    @property
    def storage(self) -> Bytes: ...


@dataclass(frozen=True, kw_only=True)
class StoreFigures:
    """CPU and memory that each pod requests, and its volume; None leaves that to the tier."""

    cpu_request: Cpu | None = None
    memory_request: Bytes | None = None
    storage: Bytes | None = None

    def fitted(self, tier: PodFigures, *, full_size: bool) -> tuple[ContainerResources, Bytes]:
        """The tier's resources and volume with the figures as the least of both, in the tiers of full size.

        What the environment sets higher stays; a request never exceeds its limit.
        """
        own = self if full_size else StoreFigures()
        resources = ContainerResources(
            cpu_request=min(_larger(tier.cpu_request, own.cpu_request), tier.cpu_limit),
            cpu_limit=tier.cpu_limit,
            memory_request=min(_larger(tier.memory_request, own.memory_request), tier.memory_limit),
            memory_limit=tier.memory_limit,
        )
        return resources, _larger(tier.storage, own.storage)


def _larger(own: _Quantity, declared: _Quantity | None) -> _Quantity:
    return own if declared is None else max(own, declared)
