"""`ops db` and `ops rotate`: the commands of a database's bad days."""

from __future__ import annotations

from typing import Annotated

import typer

from ops.commands.options import Context, Stack, module

db = typer.Typer(no_args_is_help=True, help="Restore a database, rehearse it, and move it to another region.")
rotate = typer.Typer(no_args_is_help=True, help="Replace a secret that has leaked, or that is old.")

System = Annotated[str, typer.Option("--system", help="The system whose database it is.")]
Timeout = Annotated[int, typer.Option("--timeout", min=1, help="Seconds for each step.")]
To = Annotated[str, typer.Option("--to", help="A time, such as 2026-01-31T12:00:00Z.")]


@db.command()
def restore(
    *,
    to: To,
    stack: Stack = "dev",
    system: System = "astrbot",
    context: Context = None,
    timeout: Timeout = 1800,
    switch: Annotated[bool, typer.Option(help="Make the applications use it, once it was looked at.")] = True,
) -> None:
    """Bring a cluster up from backup beside the running one, as it was at a time; then make the applications use it."""
    raise typer.Exit(module("database.restore").run(stack, system, _time(to), context, timeout, switch=switch))


@db.command()
def use(
    cluster: str, stack: Stack = "dev", system: System = "astrbot", context: Context = None, timeout: Timeout = 1800
) -> None:
    """Make the applications use CLUSTER, one of the database's."""
    raise typer.Exit(module("database.restore").run_use(stack, system, cluster, context, timeout))


@db.command()
def forget(
    cluster: str, stack: Stack = "dev", system: System = "astrbot", context: Context = None, timeout: Timeout = 1800
) -> None:
    """Let go of CLUSTER, which nothing uses any more."""
    raise typer.Exit(module("database.restore").forget(stack, system, cluster, context, timeout))


@db.command()
def drill(
    *,
    stack: Stack = "dev",
    system: System = "astrbot",
    to: Annotated[str | None, typer.Option("--to", help="A time; without it, the latest state.")] = None,
    context: Context = None,
    timeout: Timeout = 1800,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the scratch namespace.")] = False,
) -> None:
    """Restore into a scratch namespace and report RTO and RPO. Exit status 0 if the targets are met, else 1."""
    raise typer.Exit(
        module("database.drill").run(stack, system, _time(to) if to else None, context, timeout, keep=keep)
    )


@db.command()
def demote(stack: Stack = "dev", system: System = "astrbot", context: Context = None, timeout: Timeout = 1800) -> None:
    """Make this environment's database follow the other region's, and print the token for `promote` there."""
    raise typer.Exit(module("database.replication").demote(stack, system, context, timeout))


@db.command()
def promote(
    *,
    stack: Stack = "dev",
    system: System = "astrbot",
    token: Annotated[str | None, typer.Option("--token", help="What `demote` printed in the other region.")] = None,
    without_token: Annotated[
        bool, typer.Option("--without-token", help="The other region is gone: what it had not archived is lost.")
    ] = False,
    context: Context = None,
    timeout: Timeout = 1800,
) -> None:
    """Make this environment's database the one that writes."""
    if bool(token) == without_token:
        raise typer.BadParameter("give --token with what `demote` printed, or --without-token if the other is gone")
    raise typer.Exit(module("database.replication").promote(stack, system, token, context, timeout))


@rotate.command("database-password")
def database_password(
    stack: Stack = "dev", system: System = "astrbot", context: Context = None, timeout: Timeout = 600
) -> None:
    """Hand the applications over to the other user, and give both new passwords; no connection fails meanwhile."""
    raise typer.Exit(module("database.rotate").run(stack, system, context, timeout))


def _time(text: str) -> str:
    from pydantic import TypeAdapter, ValidationError

    from stacks.schema.database import Time

    try:
        return str(TypeAdapter(Time).validate_python(text))
    except ValidationError as error:
        raise typer.BadParameter(error.errors()[0]["msg"].removeprefix("Value error, ")) from None
