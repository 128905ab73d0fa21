"""What an environment says of the platform."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from components.naming import DNS_LABEL_MAX
from stacks.databases import DatabaseState
from stacks.object_storage import S3, Minio, ObjectStorageConfig
from stacks.releases import replica_problems
from stacks.services import Service, Size, service_problems
from stacks.systems.astrbot.services import (
    INSTANCE,
    OBJECT_NAMES,
    SECRET_KEYS,
    SERVICE_NAMES,
    SERVICES,
    instance_service,
    unused_keys,
)
from stacks.types import Bytes, Cpu, ImageTag, Model, Name, Problem, duplicates
from versions import APPLICATION_VERSION

# An instance is named after its tenant.
TENANT_NAME_MAX = DNS_LABEL_MAX - len(INSTANCE) - 1


class Tenant(Model):
    """A customer with a chat-bot instance of their own; `cpu` and `memory` are its limits where they differ."""

    name: Name
    cpu: Cpu | None = None
    memory: Bytes | None = None


class AstrBotConfig(Model):
    """`services` are further services beside the platform's own; `sizes` change the figures of any of them.

    `database` is what `python -m ops db` has done so far.
    """

    version: ImageTag = APPLICATION_VERSION
    tenants: Sequence[Tenant] = ()
    services: Sequence[Service] = ()
    sizes: Mapping[Name, Size] = {}
    object_storage: ObjectStorageConfig = Minio(kind="minio")
    database: DatabaseState = DatabaseState()

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """Names that clash, or grow too long with what is put before them."""
        tenants = data.get("tenants")
        for problem in (*duplicates(tenants, "name", "tenant"), *_long_names(tenants)):
            yield problem._replace(path=("tenants", *problem.path))
        instances = [f"{INSTANCE}-{name}" for name in _names(tenants)]
        yield from service_problems(data, SERVICE_NAMES, _secret_keys(data), (*OBJECT_NAMES, *instances), SERVICES)
        yield from replica_problems(data, {one.name: one.replicas for one in (*SERVICES, instance_service())})
        yield from _released_instances(data.get("sizes"))


def _released_instances(sizes: Any) -> Iterable[Problem]:
    size = sizes.get(INSTANCE) if isinstance(sizes, Mapping) else None
    if isinstance(size, Mapping) and size.get("release") is not None:
        message = f"each {INSTANCE} is one pod of one tenant, with nothing to split; change its version instead"
        yield Problem(("sizes", INSTANCE, "release"), message)


def _secret_keys(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Those of the Secret; with an IAM role for the files, it has no key for them."""
    storage = data.get("object_storage")
    try:
        unused = unused_keys(TypeAdapter[Minio | S3](ObjectStorageConfig).validate_python(storage)) if storage else ()
    except ValidationError:
        unused = ()
    return tuple(key for key in SECRET_KEYS if key not in unused)


def _names(tenants: Any) -> list[Any]:
    if not isinstance(tenants, (list, tuple)):
        return []
    return [one.get("name") for one in tenants if isinstance(one, Mapping)]


def _long_names(tenants: Any) -> Iterable[Problem]:
    for index, tenant in enumerate(tenants if isinstance(tenants, (list, tuple)) else ()):
        name = tenant.get("name") if isinstance(tenant, Mapping) else None
        if isinstance(name, str) and TENANT_NAME_MAX < len(name) <= DNS_LABEL_MAX:
            message = (
                f"{name!r} has {len(name)} characters: at most {TENANT_NAME_MAX}, since its instance is "
                f"{INSTANCE}-NAME and may have {DNS_LABEL_MAX}"
            )
            yield Problem((index, "name"), message, name)
