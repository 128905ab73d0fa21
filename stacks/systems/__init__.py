"""The systems of the platform, each a module or package of its name with a declaration and the class `Config`.

To add one: write the module beside the others, and a field below.

The alerts in each `alerts.py` are those that its document names, under exactly that name, with threshold, duration and
severity. Names repeat between documents (`HighErrorRate` is in all five): the label `system` tells them apart, and each
reads only the series of its own namespace. Where a document's expression cannot work as it is written, it is corrected,
and docs/decisions/0010-alert-expressions.md says how.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from stacks.schema.system import SystemConfig
from stacks.schema.tiers import Tier
from stacks.schema.types import Model, Problem


def config_class(key: str) -> type[SystemConfig]:
    """What an environment may say of the system that its file has below this key."""
    # A system is loaded where it is deployed: five of them cost more than an environment with one has to pay.
    found: type[SystemConfig] = import_module(f"stacks.systems.{key}").Config
    return found


@dataclass(frozen=True)
class _OfSystem:
    """What is below a system's key, by the class of its own."""

    key: str

    def _validated(self, value: Any) -> SystemConfig | None:
        return value if value is None else config_class(self.key).model_validate(value)

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._validated)

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        found = config_class(self.key)
        found.model_rebuild()
        own = handler.resolve_ref_schema(handler(found.__pydantic_core_schema__))
        return {"anyOf": [own, {"type": "null"}]}


class Systems(Model):
    """The systems of an environment; one that is left out is not deployed."""

    astrbot: Annotated[SystemConfig | None, _OfSystem("astrbot")] = Field(
        None, description="AstrBot: services behind a gateway, and a chat-bot instance for every tenant."
    )
    cloudlens: Annotated[SystemConfig | None, _OfSystem("cloudlens")] = Field(
        None, description="CloudLens: what the cloud costs, over several providers."
    )
    orders: Annotated[SystemConfig | None, _OfSystem("orders")] = Field(
        None, description="Orders: the Rust service of the Prometheus Operator guide."
    )
    multicluster: Annotated[SystemConfig | None, _OfSystem("multicluster")] = Field(
        None, description="The multi-cluster manager: clusters, what is deployed to them, and how they are."
    )
    federated_risk: Annotated[SystemConfig | None, _OfSystem("federated_risk")] = Field(
        None,
        description="Federated risk: consent, private set intersection and scoring over the data of several parties.",
    )

    @property
    def deployed(self) -> Mapping[str, SystemConfig]:
        """Those that the environment has, by their names (which are their namespaces too), in the order above."""
        return {config.declaration.name: config for _, config in self if config is not None}


def tier_problems(systems: Any, tier: Tier) -> Iterable[Problem]:
    """What of the systems in an environment's raw file does not fit its tier."""
    for key, data in systems.items() if isinstance(systems, Mapping) else ():
        if key in Systems.model_fields and isinstance(data, Mapping):
            for problem in config_class(key).tier_problems(data, tier):
                yield problem._replace(path=(key, *problem.path))


def entry_hosts(systems: Any) -> dict[str, str]:
    """The hosts, below an environment's domain, of the systems in its raw file, each with the system's title."""
    keys = [key for key in systems if key in Systems.model_fields] if isinstance(systems, Mapping) else []
    declarations = [config_class(key).declaration for key in keys]
    return {route.host: one.title for one in declarations for route in one.routes}
