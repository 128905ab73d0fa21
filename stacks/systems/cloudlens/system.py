"""CloudLens: what the cloud costs, over several providers.

The source of every figure is the CloudLens Kubernetes deployment document; comments name its sections, which are
numbered within its chapter of manifests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from components.monitoring.rules import Objective
from components.stores.postgres.migration import sqlite_import_args
from components.stores.postgres.store import Postgres, PostgresPlan
from components.workload.args import RollingUpdate
from components.workload.files import claim_name
from components.workload.job import ScriptJobArgs
from components.workload.types import VariableName
from stacks.schema.system import SystemConfig, declaration_problems
from stacks.schema.tiers import Tier
from stacks.schema.types import Problem
from stacks.system.declaration import Declaration, ResolvedSystem, Route, board_of
from stacks.system.environment_context import EnvironmentContext
from stacks.systems.cloudlens.alerts import RULES
from stacks.systems.cloudlens.services import (
    BACKEND,
    CONFIG_MAP,
    DATA,
    DATABASE_FILE,
    FRONTEND,
    SECRET,
    DataStore,
    services,
)

if TYPE_CHECKING:
    from components.workload.job import ScriptJobArgs

# The Job that takes the data from SQLite to PostgreSQL.
IMPORT = "cloudlens-import"
# The tag of both images.
_VERSION = "2.1.0"


def declaration(store: DataStore, provider_keys: Sequence[str] = ()) -> Declaration:
    """The system with this store. `provider_keys` are the cloud providers' keys in its Secret, such as
    ALIYUN_ACCESS_KEY_ID, which an external store has as `cloudlens-aliyun-access-key-id`."""
    clients = (IMPORT,) if store == "migrating" else ()
    return Declaration(
        name="cloudlens",
        title="CloudLens",
        version=_VERSION,
        services=services(store, provider_keys),
        routes=(Route(host="cloudlens", service=FRONTEND),),
        stores=() if store == "sqlite" else (_database(clients),),
        secrets={key: key.lower().replace("_", "-") for key in provider_keys},
        settings=_settings,
        config_map=CONFIG_MAP,
        secret=SECRET,
        rules=RULES,
        objective=_OBJECTIVE,
        boards=board_of(__package__),
        jobs=_jobs if store == "migrating" else lambda resolved: (),
    )


_OBJECTIVE = Objective(requests="cloudlens_api_requests_total{$scope}", failures="cloudlens_api_errors_total{$scope}")


def _database(direct_clients: Sequence[str]) -> Postgres:
    """Section 2: DATABASE_NAME, and the prefix of the rest."""
    return Postgres(name="cloudlens", user="cloudlens", prefix="DATABASE", direct_clients=direct_clients)


def _settings(resolved: ResolvedSystem) -> Mapping[str, str]:
    """The ConfigMap of section 2, but for what the database adds, and for OpenTelemetry, which each service is told."""
    return {"LOG_LEVEL": resolved.args.tier.log_level, "ENVIRONMENT": resolved.args.environment}


def _jobs(resolved: ResolvedSystem) -> Sequence[ScriptJobArgs]:
    # Only here: an environment is in this state once in its life.
    from stacks.systems.cloudlens.system import import_args

    return (import_args(resolved),)


DECLARATION = declaration("postgresql")


# The database's own variables, and so the key of its password.
_DATABASE = "DATABASE_"
_STORES: Sequence[DataStore] = ("sqlite", "migrating", "postgresql")


class Config(SystemConfig):
    """What an environment says of CloudLens."""

    declaration = DECLARATION

    storage: DataStore | None = Field(
        None,
        description="Where its data is: `sqlite` on a volume of the only replica, or `postgresql` for several. With "
        "`migrating` the backend stops, and a Job takes the data from one to the other. By default PostgreSQL in tiers "
        "of full size, and SQLite in the others.",
    )
    provider_keys: Sequence[VariableName] = Field(
        (),
        description="Keys of cloud providers, such as ALIYUN_ACCESS_KEY_ID, which the external store has for it "
        "as `cloudlens-aliyun-access-key-id`.",
    )

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

    def declared(self, args: EnvironmentContext) -> Declaration:
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


def import_args(resolved: ResolvedSystem) -> ScriptJobArgs:
    """The backend's file into the system's database; raises ValueError for a system without one."""
    plan = resolved.plan(PostgresPlan)
    if plan is None:
        raise ValueError(f"{IMPORT}: there is no database to import into")
    return sqlite_import_args(
        plan.active,
        name=IMPORT,
        claim=claim_name(BACKEND),
        mounted_at=DATA,
        file=DATABASE_FILE,
        wait=RollingUpdate().grace,
    )
