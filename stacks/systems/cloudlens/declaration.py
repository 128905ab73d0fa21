"""CloudLens as a declaration, with SQLite, with PostgreSQL, and on the way from one to the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from components.observability.objectives import Objective
from stacks.blueprint.declaration import Around, DatabaseNeed, Declaration, Route, board_of
from stacks.systems.cloudlens.alerts import RULES
from stacks.systems.cloudlens.services import CONFIG_MAP, FRONTEND, SECRET, DataStore, services

if TYPE_CHECKING:
    from components.script_job import ScriptJobArgs

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
        database=None if store == "sqlite" else _database(clients),
        secrets={key: key.lower().replace("_", "-") for key in provider_keys},
        settings=_settings,
        config_map=CONFIG_MAP,
        secret=SECRET,
        rules=RULES,
        objective=_OBJECTIVE,
        boards=board_of(__package__),
        jobs=_jobs if store == "migrating" else lambda around: (),
    )


_OBJECTIVE = Objective(requests="cloudlens_api_requests_total{$scope}", failures="cloudlens_api_errors_total{$scope}")


def _database(direct_clients: Sequence[str]) -> DatabaseNeed:
    """Section 2: DATABASE_NAME, and the prefix of the rest."""
    return DatabaseNeed(name="cloudlens", user="cloudlens", prefix="DATABASE", direct_clients=direct_clients)


def _settings(around: Around) -> Mapping[str, str]:
    """The ConfigMap of section 2, but for what the database adds, and for OpenTelemetry, which each service is told."""
    return {"LOG_LEVEL": around.args.tier.log_level, "ENVIRONMENT": around.args.environment}


def _jobs(around: Around) -> Sequence[ScriptJobArgs]:
    # Only here: an environment is in this state once in its life.
    from stacks.systems.cloudlens.migration import import_args

    return (import_args(around),)


DECLARATION = declaration("postgresql")
