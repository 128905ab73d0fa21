"""What an environment says of the platform."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from components.naming import DNS_LABEL_MAX
from stacks.services import Service, Size, service_problems
from stacks.systems.astrbot.services import INSTANCE, SECRET_KEYS, SERVICE_NAMES
from stacks.types import Bytes, Cpu, ImageTag, Model, Name, Problem, duplicates
from versions import APPLICATION_VERSION

# An instance is named after its tenant.
TENANT_NAME_MAX = DNS_LABEL_MAX - len(INSTANCE) - 1


class Tenant(Model):
    """A customer with a chat-bot instance of their own; limits per tenant as in section 1.1."""

    name: Name
    cpu: Cpu = Cpu.parse("1")
    memory: Bytes = Bytes.parse("2Gi")


class AstrBotConfig(Model):
    """`services` are further services beside the platform's own; `sizes` change the figures of any of them."""

    version: ImageTag = APPLICATION_VERSION
    tenants: Sequence[Tenant] = ()
    services: Sequence[Service] = ()
    sizes: Mapping[Name, Size] = {}

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """Names that clash, or grow too long with what is put before them."""
        tenants = data.get("tenants")
        for problem in (*duplicates(tenants, "name", "tenant"), *_long_names(tenants)):
            yield problem._replace(path=("tenants", *problem.path))
        yield from service_problems(data, SERVICE_NAMES, tuple(SECRET_KEYS))


def _long_names(tenants: Any) -> Iterable[Problem]:
    for index, tenant in enumerate(tenants if isinstance(tenants, (list, tuple)) else ()):
        name = tenant.get("name") if isinstance(tenant, Mapping) else None
        if isinstance(name, str) and TENANT_NAME_MAX < len(name) <= DNS_LABEL_MAX:
            message = (
                f"{name!r} has {len(name)} characters: at most {TENANT_NAME_MAX}, since its instance is "
                f"{INSTANCE}-NAME and may have {DNS_LABEL_MAX}"
            )
            yield Problem((index, "name"), message, name)
