"""`ops canary` and `ops switch`: releases, and what a person does with them."""

from __future__ import annotations

from typing import Annotated

import typer

from ops.commands.options import Context, Stack, module

Application = Annotated[str, typer.Argument(metavar="SYSTEM/APP", help="An application that is released.")]
Prometheus = Annotated[
    str | None, typer.Option("--prometheus", help="URL to ask for metrics; the environment's own by default.")
]
canary = typer.Typer(no_args_is_help=True, help="Releases by weight: look at them, and carry on those without Flagger.")


@canary.command("status")
def canary_status(
    application: Application, stack: Stack = "dev", context: Context = None, prometheus: Prometheus = None
) -> None:
    """Show a release: weights, pods and metrics of both versions."""
    raise typer.Exit(module("releases.commands").status(stack, context, application, prometheus))


@canary.command("watch")
def canary_watch(
    application: Application, stack: Stack = "dev", context: Context = None, prometheus: Prometheus = None
) -> None:
    """Show a release live until it has ended. Exit status 0 if it was promoted, 1 if it was taken back."""
    raise typer.Exit(module("releases.commands").watch(stack, context, application, prometheus))


@canary.command("start")
def canary_start(
    application: Application, stack: Stack = "dev", context: Context = None, prometheus: Prometheus = None
) -> None:
    """Release the declared version step by step, or go on with a release; exit status 1 if it was taken back."""
    raise typer.Exit(module("releases.commands").start(stack, context, application, prometheus))


@canary.command("promote")
def canary_promote(
    application: Application, stack: Stack = "dev", context: Context = None, prometheus: Prometheus = None
) -> None:
    """Approve a release: make its candidate the stable version now, without further checks."""
    raise typer.Exit(module("releases.commands").promote(stack, context, application, prometheus))


@canary.command("abort")
def canary_abort(
    application: Application, stack: Stack = "dev", context: Context = None, prometheus: Prometheus = None
) -> None:
    """Give all traffic back to the stable version."""
    raise typer.Exit(module("releases.commands").abort(stack, context, application, prometheus))


def switch(
    application: Application,
    stack: Stack = "dev",
    context: Context = None,
    prometheus: Prometheus = None,
    back: Annotated[bool, typer.Option("--back", help="Return to the version before, whose pods still run.")] = False,
) -> None:
    """Blue-green: bring up the declared version beside the other, verify it, switch, and let the old one go."""
    raise typer.Exit(module("releases.commands").switch(stack, context, application, prometheus, back=back))
