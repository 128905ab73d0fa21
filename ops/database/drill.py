"""`ops db drill`: restore the database into a scratch namespace, look at it, and say how long it took and what is lost.

RTO is the time from the command to a restored database that was looked at. RPO is what a loss of the whole cluster at
the command's time would have cost: the age of the last WAL that had been archived by then. Nothing of the running
environment is changed but for one NetworkPolicy, which lets the drill read the backups and goes with it.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from ops.database.connection import Connection
from ops.database.drill_objects import LABEL, drill_objects, opening
from ops.database.environment import DatabaseEnvironment
from ops.database.restore import check_window
from ops.errors import OperationError
from ops.live.readiness import readiness

# The AstrBot document, section 6.2, row "database": RTO below 30 minutes, RPO below 15; in seconds.
RTO_TARGET = 30 * 60
RPO_TARGET = 15 * 60
# Seconds since the last WAL was archived; 0 if nothing that matters was written since (8 KiB: a checkpoint's record).
_UNARCHIVED = """
SELECT CASE
    WHEN (SELECT file_offset FROM pg_walfile_name_offset(pg_current_wal_lsn())) < 8192
        AND NOT EXISTS (SELECT FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready') THEN 0
    ELSE extract(epoch FROM now() - last_archived_time)
END FROM pg_stat_archiver
"""


@dataclass(frozen=True)
class Outcome:
    """What a drill found: seconds, and tables with their rows."""

    rto: float
    rpo: float
    tables: dict[str, int]

    @property
    def met(self) -> bool:
        """Whether both targets are met."""
        return self.rto < RTO_TARGET and self.rpo < RPO_TARGET


def run(stack: str, system: str, to: str | None, context: str | None, timeout: int, *, keep: bool) -> int:
    """Drill; returns 0 if the targets are met and 1 if not. The scratch namespace goes in either case."""
    environment = DatabaseEnvironment.of(stack, system, context, timeout)
    active = environment.file.read().active
    if to:
        check_window(environment, active, to)
    namespace = f"{system}-drill"
    _refuse_another(environment, namespace)
    environment.out.print(f"Restoring {active} into the namespace {namespace}")
    began = time.monotonic()
    # Asked before anything else: it is the loss if the cluster had gone at this moment.
    lost = _unarchived(environment.connection(active))
    try:
        tables = _restore(environment, active, namespace, to)
        outcome = Outcome(rto=time.monotonic() - began, rpo=lost, tables=tables)
    finally:
        if keep:
            environment.out.print(f"Kept: kubectl delete namespace {namespace}")
        else:
            _remove(environment, namespace)
    return _report(environment, outcome)


def _restore(environment: DatabaseEnvironment, active: str, namespace: str, to: str | None) -> dict[str, int]:
    """Bring the scratch cluster up; returns its tables with their rows."""
    cluster = environment.declared("Cluster", active)
    apply = ("apply", "--server-side", "--field-manager=platform-drill", "-f", "-")
    document = {"apiVersion": "v1", "kind": "List", "items": _objects(environment, cluster, namespace, to)}
    environment.kubectl.run(*apply, stdin=json.dumps(document))
    environment.wait(
        f"Cluster {namespace}/{active} is not ready; `kubectl -n {namespace} get pods` shows its recovery",
        lambda: _ready(environment, active, namespace),
    )
    connection = environment.connection(active, namespace)
    environment.wait(
        f"{namespace}/{active} is still replaying WAL",
        connection.writes,
    )
    return connection.tables()


def _objects(environment: DatabaseEnvironment, cluster: Any, namespace: str, to: str | None) -> list[dict[str, Any]]:
    active = cluster["metadata"]["name"]
    store = environment.declared("ObjectStore", active)
    (how,) = cluster["spec"]["bootstrap"].values()
    keys = store["spec"]["configuration"]["s3Credentials"]
    wanted = {how["secret"]["name"], *(one["name"] for one in keys.values() if isinstance(one, dict))}
    objects = drill_objects(
        namespace=namespace,
        cluster=cluster,
        store=store,
        catalogue=environment.declared("ImageCatalog", active),
        secrets=[environment.live(f"secret/{name}") for name in sorted(wanted)],
        to=to,
    )
    return [*objects, *_openings(environment, cluster, store, namespace)]


def _openings(environment: DatabaseEnvironment, cluster: Any, store: Any, namespace: str) -> list[dict[str, Any]]:
    """For an object storage of the system's own; one outside of the cluster needs none."""
    endpoint = str(store["spec"]["configuration"].get("endpointURL", ""))
    host, _, port = endpoint.removeprefix("https://").removeprefix("http://").partition(":")
    service, _, rest = host.partition(".")
    if not rest.startswith(f"{environment.system}.svc"):
        return []
    provider = environment.declared("Service", service)["spec"]["selector"]
    return [opening(cluster, provider, namespace, [int(port)])]


def _ready(environment: DatabaseEnvironment, name: str, namespace: str) -> bool:
    body = environment.live(f"clusters.postgresql.cnpg.io/{name}", namespace)
    state = readiness(body)
    return state is not None and state.done


def _unarchived(connection: Connection) -> float:
    (row,) = connection.sql(_UNARCHIVED)
    if not row[0]:
        raise OperationError(
            f"{connection.name} has never archived WAL: a loss now would cost everything since its backup"
        )
    return float(row[0])


def _refuse_another(environment: DatabaseEnvironment, namespace: str) -> None:
    found = environment.kubectl.run("get", "namespace", namespace, "--ignore-not-found", "-o", "json")
    if found and LABEL not in json.loads(found)["metadata"].get("labels", {}):
        raise OperationError(f"namespace {namespace} is there and is no drill's; nothing was changed")
    if found:
        environment.out.print("What an earlier drill left is removed first")
        _remove(environment, namespace)


def _remove(environment: DatabaseEnvironment, namespace: str) -> None:
    ignore = ("--ignore-not-found", f"--timeout={environment.timeout}s")
    environment.kubectl.run("delete", "networkpolicy", namespace, f"--namespace={environment.system}", *ignore)
    environment.kubectl.run("delete", "namespace", namespace, *ignore)


def _report(environment: DatabaseEnvironment, outcome: Outcome) -> int:
    rows = sum(outcome.tables.values())
    environment.out.print(f"Restored {len(outcome.tables)} tables with {rows} rows")
    for name, found, target in (("RTO", outcome.rto, RTO_TARGET), ("RPO", outcome.rpo, RPO_TARGET)):
        verdict = "met" if found < target else "[red]missed[/red]"
        environment.out.print(f"  {name} {found:.0f} s, target below {target} s: {verdict}")
    return 0 if outcome.met else 1
