"""The commands. Each does its imports itself: `--help` and a preview must not pay for what they do not use."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ops.commands import database, fleet, releases, state
from ops.commands.options import Adopt, Context, Stack, Timeout, Yes, module

app = typer.Typer(
    name="ops",
    help="Preview, deploy and inspect the environments of the platform.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(database.db, name="db")
app.add_typer(database.rotate, name="rotate")
app.add_typer(releases.canary, name="canary")
app.add_typer(fleet.fleet, name="fleet")
app.add_typer(state.state, name="state")


class OutputFormat(StrEnum):
    """How `preview` prints."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


class ListFormat(StrEnum):
    """How a list is printed."""

    TEXT = "text"
    JSON = "json"


@app.command()
def preview(
    stack: Stack = "dev",
    output: Annotated[OutputFormat, typer.Option("--output", "-o")] = OutputFormat.TEXT,
    depth: Annotated[int, typer.Option("--depth", min=1, help="Levels of the tree to show.")] = 99,
    engine: Annotated[
        bool, typer.Option("--engine", help="Ask Pulumi's engine, with the policy pack: what `up` would change.")
    ] = False,
) -> None:
    """Show what an environment consists of and what the policies say. Needs no cluster and no Pulumi CLI.

    Exit status: 0 clean, 1 mandatory policy violations, 2 invalid configuration.
    """
    raise typer.Exit(module("preview").run(stack, output.value, depth, engine=engine))


@app.command()
def render(directory: Path, stack: Stack = "dev") -> None:
    """Write one YAML file per Kubernetes object into DIRECTORY; Secrets are left out and named."""
    raise typer.Exit(module("render").run(stack, directory))


@app.command()
def up(
    *, stack: Stack = "dev", context: Context = None, timeout: Timeout = 600, yes: Yes = False, adopt: Adopt = False
) -> None:
    """Deploy an environment and wait until everything is available; run again, it changes nothing.

    First it shows what it will create, change, replace and delete. Outside of dev every change is asked for; what loses
    data or ends a workload is asked for by its name everywhere.
    """
    raise typer.Exit(module("deploy").up(stack, context, timeout, yes=yes, adopt=adopt))


@app.command()
def down(
    *, stack: Stack = "dev", context: Context = None, timeout: Timeout = 600, yes: Yes = False, adopt: Adopt = False
) -> None:
    """Remove exactly what `up` created."""
    raise typer.Exit(module("deploy").down(stack, context, timeout, yes=yes, adopt=adopt))


@app.command()
def status(stack: Stack = "dev", context: Context = None) -> None:
    """Show what runs of an environment. Exit status 0 if all of it is available, else 1."""
    raise typer.Exit(module("deploy").status(stack, context))


@app.command()
def drift(
    stack: Stack = "dev",
    context: Context = None,
    output: Annotated[ListFormat, typer.Option("--output", "-o")] = ListFormat.TEXT,
) -> None:
    """Show what differs between program, state and cluster, and who wrote it last. Exit status 0 if nothing does."""
    raise typer.Exit(module("drift").run(stack, context, output.value))


@app.command()
def operators(
    stack: Stack = "dev",
    values: Annotated[str | None, typer.Option("--values", help="Print this release's values as YAML instead.")] = None,
) -> None:
    """List the Helm releases that an environment installs, each with the command that installs it by hand."""
    raise typer.Exit(module("operators").run(stack, values))


@app.command()
def policies(
    output: Annotated[OutputFormat, typer.Option("--output", "-o")] = OutputFormat.TEXT,
    write: Annotated[Path | None, typer.Option("--write", help="Write the page to this file instead.")] = None,
) -> None:
    """List the rules of the policy pack: how severe, at which level in which tier, and what they judge."""
    raise typer.Exit(module("policies").run(output.value, write))


@app.command()
def schema(
    write: Annotated[
        bool, typer.Option("--write", help="Write it to environment.schema.json, and docs/configuration.md with it.")
    ] = False,
) -> None:
    """Print the JSON Schema of an environment's file, from the models of its keys."""
    raise typer.Exit(module("schema").run(write=write))


@app.command()
def explain(
    key: Annotated[
        str | None, typer.Argument(help="A key such as systems.astrbot.sizes; the top ones by default.")
    ] = None,
) -> None:
    """Explain a key of an environment's file: its type, default, meaning, the keys below it, and an example.

    Exit status: 0, or 2 if there is no such key.
    """
    raise typer.Exit(module("explain").run(key))


app.command("switch")(releases.switch)


def main() -> None:
    """Run a command; an expected failure is one message on standard error, without a traceback."""
    from ops.errors import EXIT_CONFIGURATION, EXIT_FAILURE, OperationError

    try:
        try:
            app()
        finally:
            # What was printed last is written only now, to what may be a full disk.
            sys.stdout.flush()
    except OperationError as error:
        _fail(str(error), EXIT_FAILURE)
    except KeyboardInterrupt:
        _fail("interrupted; what was applied so far stays, and the same command goes on from there", 130)
    except Exception as error:
        # Imported only now: stacks.schema.errors pulls in Pulumi, which `--help` does not need.
        from os_errors import explain
        from sandbox import SandboxError
        from stacks.schema.errors import ConfigurationError

        if isinstance(error, ConfigurationError):
            _fail(str(error), EXIT_CONFIGURATION)
        if isinstance(error, SandboxError):
            _fail(str(error), EXIT_FAILURE)
        if isinstance(error, BrokenPipeError):
            sys.exit(EXIT_FAILURE)  # Who reads has had enough, as `head` has.
        if isinstance(error, OSError):
            _fail(explain(error), EXIT_FAILURE)
        raise


def _fail(message: str, status: int) -> None:
    print(f"error: {message}", file=sys.stderr)
    sys.exit(status)
