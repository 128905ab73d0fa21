"""What an environment says of a system: the keys that every one has below `systems.NAME`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field, TypeAdapter, ValidationError

from components.kubernetes.naming import DNS_LABEL_MAX
from components.stores.store_list import STORES
from stacks.schema.database import DatabaseState
from stacks.schema.object_storage import Minio, ObjectStorageConfig
from stacks.schema.releases import replica_problems
from stacks.schema.service.service import Service, Size, service_problems
from stacks.schema.tiers import Tier
from stacks.schema.types import Bytes, Cpu, ImageTag, Model, Name, Problem, duplicates
from stacks.system.credentials import secret_keys
from stacks.system.declaration import Declaration
from stacks.system.environment_context import EnvironmentContext
from stacks.system.names import object_names


class SystemConfig(Model):
    """What an environment says of a system. A subclass names its `declaration`."""

    declaration: ClassVar[Declaration]

    version: ImageTag | None = Field(
        None,
        description="The tag of the images of all its services that have none of their own; by default the "
        "declaration's.",
    )
    services: Sequence[Service] = Field((), description="Further services beside the system's own.")
    sizes: Mapping[Name, Size] = Field(
        {}, description="What differs for single services, own or further ones, by name."
    )
    object_storage: ObjectStorageConfig = Field(
        Minio(kind="minio"), description="Where the system keeps files and backups."
    )
    database: DatabaseState = Field(
        DatabaseState(),
        description="What has been done to its database so far. `ops db` and `ops rotate` write it.",
    )

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """Names that clash, and stores that the system has not."""
        yield from declaration_problems(cls.declaration, data)

    @classmethod
    def tier_problems(cls, data: Mapping[str, Any], tier: Tier) -> Iterable[Problem]:
        """What of the raw keys only an environment of this tier makes a mistake."""
        return ()

    def declared(self, args: EnvironmentContext) -> Declaration:
        """The system as this environment has it; one whose needs depend on its configuration says so here."""
        return self.declaration

    @property
    def tenant_list(self) -> Sequence[Tenant]:
        """Whom its service for tenants runs for."""
        return ()


class Tenant(Model):
    """A customer with an instance of their own."""

    name: Name = Field(description="The name of the tenant; its instance is named after it.")
    cpu: Cpu | None = Field(None, description="The CPU limit of the instance, where it differs from the service's.")
    memory: Bytes | None = Field(
        None, description="The memory limit of the instance, where it differs from the service's."
    )


class TenantsConfig(SystemConfig):
    """The same of a system that runs one of its services once for each of its tenants."""

    tenants: Sequence[Tenant] = Field(
        (), description="The customers; each gets an instance, which goes when its entry goes."
    )

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """Names that clash, or grow too long with what is put before them."""
        service = cls.declaration.tenant_service
        if service is None:
            raise ValueError(f"{cls.declaration.name} has tenants and no service for them")
        tenants = data.get("tenants")
        for problem in (*duplicates(tenants, "name", "tenant"), *_long_names(tenants, service.name)):
            yield problem._replace(path=("tenants", *problem.path))
        yield from _service_problems(cls.declaration, data, [f"{service.name}-{name}" for name in _names(tenants)])
        yield from _store_problems(cls.declaration, data)
        yield from _released_instances(data.get("sizes"), service.name)

    @property
    def tenant_list(self) -> Sequence[Tenant]:
        """Whom its service for tenants runs for."""
        return self.tenants


def declaration_problems(declaration: Declaration, data: Mapping[str, Any]) -> Iterable[Problem]:
    """What does not fit the declaration, in the raw keys of a system without tenants."""
    yield from _service_problems(declaration, data, ())
    yield from _store_problems(declaration, data)


def _service_problems(declaration: Declaration, data: Mapping[str, Any], instances: Sequence[str]) -> Iterable[Problem]:
    names = [service.name for service in declaration.everyone]
    taken = (*object_names(declaration), *instances)
    yield from service_problems(data, names, _secret_keys(declaration, data), taken, declaration.everyone)
    yield from replica_problems(data, {one.name: one.replicas for one in declaration.everyone})


def _store_problems(declaration: Declaration, data: Mapping[str, Any]) -> Iterable[Problem]:
    kept = {store.capability: store for store in declaration.every_store}
    for key, store in kept.items():
        for path, message in store.problems(declaration.title, data.get(key)):
            yield Problem((key, *path), message)
    for one in STORES:
        if one.capability in data and one.capability in SystemConfig.model_fields and one.capability not in kept:
            yield Problem((one.capability,), f"{declaration.title} has none here; remove it")


def _released_instances(sizes: Any, instance: str) -> Iterable[Problem]:
    size = sizes.get(instance) if isinstance(sizes, Mapping) else None
    if isinstance(size, Mapping) and size.get("release") is not None:
        message = f"each {instance} is one pod of one tenant, with nothing to split; change its version instead"
        yield Problem(("sizes", instance, "release"), message)


def _secret_keys(declaration: Declaration, data: Mapping[str, Any]) -> list[str]:
    """Those of the Secret; what the environment says of the stores decides on some of them."""
    return secret_keys(declaration, {one.capability: _value(one.capability, data) for one in declaration.every_store})


def _value(key: str, data: Mapping[str, Any]) -> Any:
    """What the raw `data` says of a store, read; None where that is nothing, or wrong and told elsewhere."""
    known = SystemConfig.model_fields.get(key)
    if known is None or known.annotation is None or not data.get(key):
        return None
    try:
        return TypeAdapter[Any](known.annotation).validate_python(data[key])
    except ValidationError:
        return None


def _names(tenants: Any) -> list[Any]:
    if not isinstance(tenants, (list, tuple)):
        return []
    return [one.get("name") for one in tenants if isinstance(one, Mapping)]


def _long_names(tenants: Any, instance: str) -> Iterable[Problem]:
    # An instance is named after its tenant.
    most = DNS_LABEL_MAX - len(instance) - 1
    for index, tenant in enumerate(tenants if isinstance(tenants, (list, tuple)) else ()):
        name = tenant.get("name") if isinstance(tenant, Mapping) else None
        if isinstance(name, str) and most < len(name) <= DNS_LABEL_MAX:
            message = (
                f"{name!r} has {len(name)} characters: at most {most}, since its instance is "
                f"{instance}-NAME and may have {DNS_LABEL_MAX}"
            )
            yield Problem((index, "name"), message, name)
