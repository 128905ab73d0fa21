"""The commands. Each does its imports itself: `--help` and a preview must not pay for what they do not use."""

from __future__ import annotations

import gc
import importlib
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ops import cli_database

app = typer.Typer(
    name="ops",
    help="Preview, deploy and inspect the environments of the platform.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(cli_database.db, name="db")
app.add_typer(cli_database.rotate, name="rotate")


# A seventh of the default number of new objects, and half of its number of young collections.
_COLLECT_OFTEN = (100, 5, 5)


class OutputFormat(StrEnum):
    """How `preview` prints."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


Stack = Annotated[str, typer.Option("--stack", "-s", help="The environment: NAME of Pulumi.NAME.yaml.")]
Context = Annotated[
    str | None, typer.Option("--context", help="Deploy to this context of your kubeconfig, whatever the file says.")
]
Timeout = Annotated[int, typer.Option("--timeout", min=1, help="Seconds to wait for workloads to become available.")]


Application = Annotated[str, typer.Argument(metavar="SYSTEM/APP", help="An application that is released.")]
Prometheus = Annotated[
    str | None, typer.Option("--prometheus", help="URL to ask for metrics; the environment's own by default.")
]
canary = typer.Typer(no_args_is_help=True, help="Releases by weight: look at them, and carry on those without Flagger.")
app.add_typer(canary, name="canary")


@app.command()
def preview(
    stack: Stack = "dev",
    output: Annotated[OutputFormat, typer.Option("--output", "-o")] = OutputFormat.TEXT,
    depth: Annotated[int, typer.Option("--depth", min=1, help="Levels of the tree to show.")] = 99,
) -> None:
    """Show what an environment consists of and what the policies say. Needs no cluster and no Pulumi CLI.

    Exit status: 0 clean, 1 mandatory policy violations, 2 invalid configuration.
    """
    raise typer.Exit(_module("preview").run(stack, output.value, depth))


@app.command()
def render(directory: Path, stack: Stack = "dev") -> None:
    """Write one YAML file per Kubernetes object into DIRECTORY; Secrets are left out and named."""
    raise typer.Exit(_module("render").run(stack, directory))


@app.command()
def up(stack: Stack = "dev", context: Context = None, timeout: Timeout = 600) -> None:
    """Deploy an environment and wait until everything is available; run again, it changes nothing."""
    raise typer.Exit(_module("deploy").up(stack, context, timeout))


@app.command()
def down(stack: Stack = "dev", context: Context = None, timeout: Timeout = 600) -> None:
    """Remove exactly what `up` created."""
    raise typer.Exit(_module("deploy").down(stack, context, timeout))


@app.command()
def status(stack: Stack = "dev", context: Context = None) -> None:
    """Show what runs of an environment. Exit status 0 if all of it is available, else 1."""
    raise typer.Exit(_module("deploy").status(stack, context))


@app.command()
def operators(
    stack: Stack = "dev",
    values: Annotated[str | None, typer.Option("--values", help="Print this release's values as YAML instead.")] = None,
) -> None:
    """List the Helm releases that an environment installs, each with the command that installs it by hand."""
    raise typer.Exit(_module("operators").run(stack, values))


@app.command()
def policies(
    output: Annotated[OutputFormat, typer.Option("--output", "-o")] = OutputFormat.TEXT,
    write: Annotated[Path | None, typer.Option("--write", help="Write the page to this file instead.")] = None,
) -> None:
    """List the rules of the policy pack: how severe, at which level in which tier, and what they judge."""
    raise typer.Exit(_module("policies").run(output.value, write))


@canary.command("status")
def canary_status(
    application: Application, stack: Stack = "dev", context: Context = None, prometheus: Prometheus = None
) -> None:
    """Show a release: weights, pods and metrics of both versions."""
    raise typer.Exit(_module("releases.commands").status(stack, context, application, prometheus))


@canary.command("watch")
def canary_watch(
    application: Application, stack: Stack = "dev", context: Context = None, prometheus: Prometheus = None
) -> None:
    """Show a release live until it has ended. Exit status 0 if it was promoted, 1 if it was taken back."""
    raise typer.Exit(_module("releases.commands").watch(stack, context, application, prometheus))


@canary.command("start")
def canary_start(
    application: Application, stack: Stack = "dev", context: Context = None, prometheus: Prometheus = None
) -> None:
    """Release the declared version step by step, or go on with a release; exit status 1 if it was taken back."""
    raise typer.Exit(_module("releases.commands").start(stack, context, application, prometheus))


@canary.command("promote")
def canary_promote(
    application: Application, stack: Stack = "dev", context: Context = None, prometheus: Prometheus = None
) -> None:
    """Approve a release: make its candidate the stable version now, without further checks."""
    raise typer.Exit(_module("releases.commands").promote(stack, context, application, prometheus))


@canary.command("abort")
def canary_abort(
    application: Application, stack: Stack = "dev", context: Context = None, prometheus: Prometheus = None
) -> None:
    """Give all traffic back to the stable version."""
    raise typer.Exit(_module("releases.commands").abort(stack, context, application, prometheus))


@app.command("switch")
def switch(
    application: Application,
    stack: Stack = "dev",
    context: Context = None,
    prometheus: Prometheus = None,
    back: Annotated[bool, typer.Option("--back", help="Return to the version before, whose pods still run.")] = False,
) -> None:
    """Blue-green: bring up the declared version beside the other, verify it, switch, and let the old one go."""
    raise typer.Exit(_module("releases.commands").switch(stack, context, application, prometheus, back=back))


def main() -> None:
    """Run a command; an expected failure is one message on standard error, without a traceback."""
    from ops.errors import EXIT_CONFIGURATION, EXIT_FAILURE, OperationError

    try:
        app()
    except OperationError as error:
        _fail(str(error), EXIT_FAILURE)
    except KeyboardInterrupt:
        _fail("interrupted; what was applied so far stays, and the same command goes on from there", 130)
    except Exception as error:
        # Imported only now: stacks.errors pulls in Pulumi, which `--help` does not need.
        from sandbox import SandboxError
        from stacks.errors import ConfigurationError

        if isinstance(error, ConfigurationError):
            _fail(str(error), EXIT_CONFIGURATION)
        if isinstance(error, SandboxError):
            _fail(str(error), EXIT_FAILURE)
        raise


def _module(name: str) -> Any:
    """Import the module of a command, and let the garbage collector work from here on.

    What an import allocates stays: `__main__` has the collector off meanwhile, since looking through all of it again
    and again takes a quarter of a preview's time, and afterwards it need not be looked at any more.
    """
    module = importlib.import_module(f"ops.{name}")
    gc.collect()
    gc.freeze()
    # Little is left to look through, so looking often costs little, and what the SDK leaves in cycles goes early.
    gc.set_threshold(*_COLLECT_OFTEN)
    gc.enable()
    return module


def _fail(message: str, status: int) -> None:
    print(f"error: {message}", file=sys.stderr)
    sys.exit(status)
