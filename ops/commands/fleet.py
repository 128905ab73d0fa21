"""`ops fleet`: the commands of an environment with several clusters."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from ops.commands.options import Stack, Timeout, module

fleet = typer.Typer(no_args_is_help=True, help="Several clusters of one environment: look at them, and roll over them.")

System = Annotated[str, typer.Argument(help="The system, such as astrbot.")]
Clusters = Annotated[str, typer.Option("--clusters", help="Only these, by name, with commas between; all by default.")]


class StatusFormat(StrEnum):
    """How `status` prints."""

    TEXT = "text"
    JSON = "json"


@fleet.command()
def status(
    stack: Stack = "dev",
    output: Annotated[StatusFormat, typer.Option("--output", "-o")] = StatusFormat.TEXT,
) -> None:
    """Show every cluster. Exit status 0 if all are reached, and all their nodes and systems available, else 1."""
    raise typer.Exit(module("fleet.status").run(stack, output.value))


@fleet.command()
def deploy(system: System, stack: Stack = "dev", clusters: Clusters = "", timeout: Timeout = 600) -> None:
    """Deploy SYSTEM as the file has it, cluster by cluster; stop at the first where it does not get healthy."""
    raise typer.Exit(module("fleet.rollout").deploy(stack, system, _names(clusters), timeout))


@fleet.command()
def upgrade(
    system: System,
    version: Annotated[str, typer.Option("--version", help="The version that it is to have, such as 1.1.0.")],
    stack: Stack = "dev",
    clusters: Clusters = "",
    timeout: Timeout = 600,
) -> None:
    """Give SYSTEM another version, cluster by cluster, or go on with that where it was stopped."""
    raise typer.Exit(module("fleet.rollout").upgrade(stack, system, _version(version), _names(clusters), timeout))


@fleet.command()
def rollback(system: System, stack: Stack = "dev", clusters: Clusters = "", timeout: Timeout = 600) -> None:
    """Give SYSTEM the version before, cluster by cluster, wherever there is one."""
    raise typer.Exit(module("fleet.rollout").rollback(stack, system, _names(clusters), timeout))


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _version(text: str) -> str:
    from pydantic import TypeAdapter, ValidationError

    from stacks.schema.types import ImageTag

    try:
        return str(TypeAdapter(ImageTag).validate_python(text))
    except ValidationError as error:
        raise typer.BadParameter(error.errors()[0]["msg"].removeprefix("Value error, ")) from None
