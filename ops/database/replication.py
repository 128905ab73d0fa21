"""`ops db demote` and `ops db promote`: the other region takes over, without losing a transaction, or at once.

A planned move is `demote` where it writes now, and `promote --token` with what that printed where it shall. If the
first region is gone, `promote --without-token` makes the other write with what had been archived.
"""

from __future__ import annotations

from ops.database.environment import DatabaseEnvironment
from ops.errors import OperationError
from stacks.schema.database import DatabaseState, Replication


def demote(stack: str, system: str, context: str | None, timeout: int) -> int:
    """Make this environment's cluster follow the other one; prints the token for `promote`. Returns 0."""
    environment = DatabaseEnvironment.of(stack, system, context, timeout)
    state = environment.file.read()
    pair = _pair(environment, state)
    if pair.primary == pair.local:
        pair = pair.model_copy(update={"primary": pair.other, "token": None})
        environment.deploy(state.model_copy(update={"replication": pair}), f"{pair.local} follows {pair.other}")
    environment.wait(
        f"{state.active} has no demotionToken in its status yet", lambda: bool(_token(environment, state.active))
    )
    token = _token(environment, state.active)
    environment.out.print("It takes no writes any more. In the other region's environment:")
    environment.out.print(f"  ops db promote --token {token}", soft_wrap=True)
    return 0


def promote(stack: str, system: str, token: str | None, context: str | None, timeout: int) -> int:
    """Make this environment's cluster the one that writes; without a token, what was not archived is lost."""
    environment = DatabaseEnvironment.of(stack, system, context, timeout)
    state = environment.file.read()
    pair = _pair(environment, state)
    if pair.primary == pair.local:
        environment.out.print(f"{pair.local} is the primary already")
        return 0
    pair = pair.model_copy(update={"primary": pair.local, "token": token})
    environment.deploy(state.model_copy(update={"replication": pair}), f"{pair.local} takes over from {pair.other}")
    connection = environment.connection(state.active)
    environment.wait(
        f"{state.active} still replays what {pair.other} archived",
        connection.writes,
    )
    environment.out.print(f"{pair.local} takes writes.")
    return 0


def _pair(environment: DatabaseEnvironment, state: DatabaseState) -> Replication:
    if state.replication is None:
        raise OperationError(
            f"{environment.file.path.name}: systems.{environment.system}.database.replication is missing, so there is "
            "no other region; docs/how-to/restore-a-database.md says what it has to name"
        )
    return state.replication


def _token(environment: DatabaseEnvironment, cluster: str) -> str:
    body = environment.live(f"clusters.postgresql.cnpg.io/{cluster}")
    return str(body.get("status", {}).get("demotionToken") or "")
