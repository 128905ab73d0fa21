"""`ops db restore`: the database as it was at a time, in a cluster beside the old one; looked at, and then used.

The running cluster is never written to. What goes wrong before the switch concerns nobody but whoever restores; what
goes wrong after it is undone by `ops db use`.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from ops.database.environment import DatabaseEnvironment
from ops.errors import OperationError
from stacks.schema.database import DatabaseState, Restored


def run(stack: str, system: str, to: str, context: str | None, timeout: int, *, switch: bool) -> int:
    """Restore to a time; returns 0. Raises OperationError, with the running cluster untouched, if it cannot be."""
    environment = DatabaseEnvironment.of(stack, system, context, timeout)
    began, state = time.monotonic(), environment.file.read()
    restored = _begun(state, to)
    if restored is None:
        check_window(environment, state.active, to)
        restored = Restored(name=_name(state), source=state.active, to=to)
        state = state.model_copy(update={"restored": (*state.restored, restored)})
    environment.deploy(state, f"{restored.name}: {restored.source} as it was at {restored.to}")
    look_at(environment, restored, state.active)
    if switch:
        use(environment, restored.name)
        environment.out.print(f"Took {time.monotonic() - began:.0f} s. {restored.source} is kept as it is:")
        environment.out.print(f"  ops db use {restored.source} -s {stack}       goes back to it")
        environment.out.print(f"  ops db forget {restored.source} -s {stack}    lets it go")
    else:
        environment.out.print(f"`ops db use {restored.name} -s {stack}` makes the applications use it")
    return 0


def use(environment: DatabaseEnvironment, name: str) -> None:
    """Make the applications use one of the database's clusters."""
    state = _state_with(environment, name)
    environment.deploy(state.model_copy(update={"active": name}), f"The applications use {name}")


def run_use(stack: str, system: str, name: str, context: str | None, timeout: int) -> int:
    """`ops db use`; returns 0."""
    use(DatabaseEnvironment.of(stack, system, context, timeout), name)
    return 0


def forget(stack: str, system: str, name: str, context: str | None, timeout: int) -> int:
    """Take a cluster that nothing uses out of the program; where data is protected, the cluster itself stays."""
    environment = DatabaseEnvironment.of(stack, system, context, timeout)
    state = _state_with(environment, name)
    if name == state.active:
        raise OperationError(f"the applications use {name}; make them use another first: ops db use CLUSTER")
    changes: dict[str, Any] = {"restored": tuple(one for one in state.restored if one.name != name)}
    if name == state.original:
        changes = {"keep_original": False}
    environment.deploy(state.model_copy(update=changes), f"{name} goes")
    return 0


def check_window(environment: DatabaseEnvironment, cluster: str, to: str) -> None:
    """Raise OperationError if the backups of a cluster do not reach back, or not yet up, to a time."""
    wanted, now = datetime.fromisoformat(to), datetime.now(UTC)
    if wanted > now:
        raise OperationError(f"{to} has not been yet; it is {now:%Y-%m-%dT%H:%M:%SZ}")
    stores = environment.live(f"objectstore.barmancloud.cnpg.io/{cluster}")
    window = stores.get("status", {}).get("serverRecoveryWindow", {}).get(cluster, {})
    first, last = window.get("firstRecoverabilityPoint"), window.get("lastSuccessfulBackupTime")
    if first is None:
        failed = window.get("lastFailedBackupTime")
        raise OperationError(
            f"{cluster} has no base backup yet, so there is nothing to restore"
            + (f"; the last attempt failed at {failed}" if failed else "")
            + f". See `kubectl -n {environment.system} get backups`"
        )
    if wanted < datetime.fromisoformat(first):
        raise OperationError(
            f"{to} is outside the window of the backups: it begins at {first}, and the last base backup is of {last}. "
            "Nothing was changed. An older state may be among the dumps: docs/how-to/restore-a-database.md"
        )


def look_at(environment: DatabaseEnvironment, restored: Restored, active: str) -> None:
    """Raise OperationError unless the restored cluster takes writes and has tables."""
    connection = environment.connection(restored.name)
    environment.wait(f"{restored.name} is still replaying WAL", connection.writes)
    there, before = connection.tables(), environment.connection(active).tables()
    if before and not there:
        raise OperationError(
            f"{restored.name} has no table, and {active} has {len(before)}: {restored.to} may be before they were "
            f"made. The applications still use {active}; `ops db forget {restored.name}` lets the restored one go"
        )
    for table in sorted({*there, *before}):
        environment.out.print(
            f"  {table}: {there.get(table, 'not there')} rows, {before.get(table, 'not there')} in use"
        )


def _state_with(environment: DatabaseEnvironment, name: str) -> DatabaseState:
    """The state, which must have a cluster of that name."""
    state = environment.file.read()
    if name not in state.clusters:
        raise OperationError(f"{name!r} is no cluster of this database; there are: {', '.join(state.clusters)}")
    return state


def _begun(state: DatabaseState, to: str) -> Restored | None:
    """A restore to the same time that is not in use yet: one that was interrupted."""
    return next((one for one in state.restored if one.to == to and one.name != state.active), None)


def _name(state: DatabaseState) -> str:
    taken = {state.original, *(one.name for one in state.restored)}
    return next(name for number in range(1, 1000) if (name := f"{state.original}-r{number}") not in taken)
