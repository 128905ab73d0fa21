"""`ops state`: the commands of the engine's state."""

from __future__ import annotations

from typing import Annotated

import typer

from ops.commands.options import Stack, Yes, module

state = typer.Typer(
    no_args_is_help=True, help="The state of an environment: keep it, put it back, look whether it is sound."
)


@state.command()
def backup(stack: Stack = "dev") -> None:
    """Keep the state in `.state/backups`; each `up` and `down` does so before it changes anything."""
    raise typer.Exit(module("state").backup(stack))


@state.command()
def restore(
    stack: Stack = "dev",
    name: Annotated[str | None, typer.Argument(help="A backup, by name or path; the newest by default.")] = None,
    yes: Yes = False,
) -> None:
    """Put a backup in the place of the state; the cluster is not touched."""
    raise typer.Exit(module("state").restore(stack, name, yes=yes))


@state.command()
def check(stack: Stack = "dev") -> None:
    """Say whether the state can be read, is sound, and opens with this machine's passphrase. Exit status 0 if so."""
    raise typer.Exit(module("state").check(stack))


@state.command()
def unprotect(
    urns: Annotated[list[str], typer.Argument(help="The URNs of resources, as `up` names them.")],
    stack: Stack = "dev",
    yes: Yes = False,
) -> None:
    """Take the protection of resources away, so that what is no longer declared may go, with its data."""
    raise typer.Exit(module("state").unprotect(stack, urns, yes=yes))
