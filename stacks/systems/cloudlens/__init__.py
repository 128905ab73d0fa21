"""CloudLens: what the cloud costs, over several providers.

The source of every figure is the CloudLens Kubernetes deployment document; comments name its sections, which are
numbered within its chapter of manifests.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from stacks.blueprint.args import SystemArgs
from stacks.blueprint.config import SystemConfig, declaration_problems
from stacks.blueprint.declaration import Declaration
from stacks.systems.cloudlens.declaration import DECLARATION, declaration
from stacks.systems.cloudlens.services import BACKEND, DataStore
from stacks.tiers import Tier
from stacks.types import Problem
from stacks.workloads.types import VariableName

# The database's own variables, and so the key of its password.
_DATABASE = "DATABASE_"
_STORES: Sequence[DataStore] = ("sqlite", "migrating", "postgresql")


class Config(SystemConfig):
    """What an environment says of CloudLens.

    `storage` is where its data is: `sqlite` on a volume of the only replica, or `postgresql` for several. The default
    is PostgreSQL in tiers of full size, and SQLite in the others. With `migrating` the backend stops, and a Job takes
    the data from one to the other. `provider_keys` are keys of cloud providers that an external store has for it.
    """

    declaration = DECLARATION

    storage: DataStore | None = None
    provider_keys: Sequence[VariableName] = ()

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """None that can be seen without the tier."""
        return ()

    @classmethod
    def tier_problems(cls, data: Mapping[str, Any], tier: Tier) -> Iterable[Problem]:
        """Several replicas with SQLite, keys without a store for them, and what holds for every system."""
        store = next((one for one in _STORES if one == data.get("storage")), _default(tier))
        keys = data.get("provider_keys")
        # What is no name of a variable is told as such by the key itself.
        named = keys if isinstance(keys, (list, tuple)) else []
        known = [key for key in named if isinstance(key, str) and key.isidentifier()]
        yield from _key_problems(known, tier)
        for problem in declaration_problems(declaration(store, known), data):
            yield problem._replace(message=_one_pod(store)) if _is_for_several(problem) else problem

    def declared(self, args: SystemArgs) -> Declaration:
        """The system with the store of this environment."""
        return declaration(self.storage or _default(args.tier), self.provider_keys)


def _default(tier: Tier) -> DataStore:
    return "postgresql" if tier.full_size else "sqlite"


def _key_problems(keys: Sequence[str], tier: Tier) -> Iterable[Problem]:
    if keys and not tier.external_secrets:
        message = "need an external secret store, which this tier does not have: a key cannot be made up"
        yield Problem(("provider_keys",), message)
    for index, key in enumerate(keys):
        if key in keys[:index] or key.startswith(_DATABASE):
            message = f"{key} is one of the Secret's keys already: name each key of a cloud provider once"
            yield Problem(("provider_keys", index), message)


def _is_for_several(problem: Problem) -> bool:
    return problem.path in {("sizes", BACKEND, key) for key in ("replicas", "autoscaling")}


def _one_pod(store: DataStore) -> str:
    return (
        f"SQLite takes one writer: with 'storage: {store}' the backend has 1 pod at the most. For several set "
        "'storage: postgresql', by way of 'migrating' if there is data"
    )
