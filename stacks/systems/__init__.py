"""The systems of the platform, each a module or package of its name with a declaration and the class `Config`.

To add one: write the module beside the others, and a field below.

The alerts in each `alerts.py` are those that its document names, under exactly that name, with threshold, duration and
severity. Names repeat between documents (`HighErrorRate` is in all five): the label `system` tells them apart, and each
reads only the series of its own namespace. Where a document's expression cannot work as it is written, it is corrected,
and docs/decisions/0010-alert-expressions.md says how.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Annotated, Any

from pydantic import PlainValidator

from stacks.schema.system import SystemConfig
from stacks.schema.tiers import Tier
from stacks.schema.types import Model, Problem


def config_class(key: str) -> type[SystemConfig]:
    """What an environment may say of the system that its file has below this key."""
    # A system is loaded where it is deployed: five of them cost more than an environment with one has to pay.
    found: type[SystemConfig] = import_module(f"stacks.systems.{key}").Config
    return found


def _system(key: str) -> Any:
    def validated(value: Any) -> SystemConfig | None:
        return value if value is None else config_class(key).model_validate(value)

    return PlainValidator(validated)


class Systems(Model):
    """The systems of an environment; one that is left out is not deployed."""

    astrbot: Annotated[SystemConfig | None, _system("astrbot")] = None
    cloudlens: Annotated[SystemConfig | None, _system("cloudlens")] = None
    orders: Annotated[SystemConfig | None, _system("orders")] = None
    multicluster: Annotated[SystemConfig | None, _system("multicluster")] = None
    federated_risk: Annotated[SystemConfig | None, _system("federated_risk")] = None

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
