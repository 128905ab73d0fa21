"""`ops rotate database-password`: from one user to the other, so that at no moment neither of them works."""

from __future__ import annotations

from ops.database.environment import DatabaseEnvironment
from stacks.schema.database import DatabaseState, Rotation

_TITLES = {
    "prepare": "1 of 3: a new password for the user that is not in use",
    "switch": "2 of 3: the applications use that user",
    "done": "3 of 3: a new password for the user that was in use",
}
# Idle connections that a pooler keeps hold nobody's password.
_AT_WORK = "SELECT count(*) FROM pg_stat_activity WHERE usename = '{user}' AND state <> 'idle'"


def run(stack: str, system: str, context: str | None, timeout: int) -> int:
    """Rotate both users' passwords, or finish a rotation that was begun; returns 0."""
    environment = DatabaseEnvironment.of(stack, system, context, timeout)
    state = environment.file.read()
    if state.rotation.phase == "done":
        state = _with(state, state.rotation.next())
    else:
        environment.out.print(f"Rotation {state.rotation.number} was begun; going on with it")
    while True:
        rotation = state.rotation
        environment.deploy(state, _TITLES[rotation.phase])
        _check(environment, state)
        if rotation.phase == "done":
            break
        state = _with(state, rotation.next())
    environment.out.print(f"\nRotation {rotation.number} is done: no password from before it opens anything.")
    environment.out.print(f"Commit {environment.file.path.name}: it says so to everybody else.")
    return 0


def _with(state: DatabaseState, rotation: Rotation) -> DatabaseState:
    return state.model_copy(update={"rotation": rotation})


def _check(environment: DatabaseEnvironment, state: DatabaseState) -> None:
    """Before the next step: what this one promised is so."""
    connection = environment.connection(state.active)
    roles = environment.declared("Cluster", state.active)["spec"]["managed"]["roles"]
    active = state.rotation.active
    standby = roles[1 - active]
    if state.rotation.phase == "switch":
        environment.wait(
            f"sessions of {standby['name']} are still at work",
            lambda: connection.sql(_AT_WORK.format(user=standby["name"]))[0] == ["0"],
        )
        return
    secret = environment.secret(standby["passwordSecret"]["name"])
    environment.wait(
        f"the server does not accept the new password of {standby['name']}; its operator sets it from the Secret "
        f"{standby['passwordSecret']['name']}, and says why not in status.managedRolesStatus of the Cluster",
        lambda: connection.accepts(secret["username"], secret["password"]),
    )
