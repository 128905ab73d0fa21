"""The command line: python -m sandbox up | down | status | reset."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from os_errors import explain

from .control_plane import Sandbox
from .errors import SandboxError
from .nodes import NodePool
from .status import Status

NOT_RUNNING = 3

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="A local Kubernetes control plane with simulated nodes, on the loopback address only.",
)
_out = Console(highlight=False, soft_wrap=True)
_err = Console(stderr=True, highlight=False, soft_wrap=True)

Name = Annotated[str, typer.Option(help="Which sandbox; several can run side by side.")]


@contextmanager
def _errors_for_people() -> Iterator[None]:
    try:
        yield
    except SandboxError as error:
        _err.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from None
    except OSError as error:
        _err.print(explain(error), style="red", markup=False)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        _err.print("Interrupted; run the same command again to go on.", style="red")
        raise typer.Exit(130) from None


@app.command()
def up(
    *,
    name: Name = "default",
    nodes: Annotated[int, typer.Option(min=1, help="Number of simulated nodes.")] = NodePool.nodes,
    zones: Annotated[int, typer.Option(min=1, max=26, help="Number of zones they are spread over.")] = NodePool.zones,
    cpu: Annotated[str, typer.Option(help="CPU of each node, as a Kubernetes quantity.")] = NodePool.cpu,
    memory: Annotated[str, typer.Option(help="Memory of each node, as a Kubernetes quantity.")] = NodePool.memory,
    crds: Annotated[
        Path | None, typer.Option(help="Folder of real custom resource definitions, preferred to stand-ins.")
    ] = None,
) -> None:
    """Start what does not run; the first time, the programs are built, which takes minutes."""
    started = time.monotonic()
    with _errors_for_people():
        sandbox = Sandbox(name)
        sandbox.up(nodes=nodes, zones=zones, cpu=cpu, memory=memory, crds=crds)
        _out.print(f"The sandbox {name!r} is up after {time.monotonic() - started:.1f} s.")
        _out.print(f"export KUBECONFIG={sandbox.kubeconfig}")


@app.command()
def down(name: Name = "default") -> None:
    """Stop every process and keep the data."""
    with _errors_for_people():
        Sandbox(name).down()
        _out.print(f"The sandbox {name!r} is stopped; its data is kept.")


@app.command()
def reset(name: Name = "default") -> None:
    """Stop every process and remove the data."""
    with _errors_for_people():
        Sandbox(name).reset()
        _out.print(f"The sandbox {name!r} is stopped and its data removed.")


@app.command()
def status(name: Name = "default") -> None:
    """Show what runs; the exit status is 0 when all of it does, and 3 when not."""
    with _errors_for_people():
        found = Sandbox(name).status()
        _out.print(_table(name, found))
        _out.print(f"nodes ready: {found.nodes_ready} of {found.nodes_total}")
        _out.print(f"kubeconfig: {found.kubeconfig}")
    if not found.running:
        raise typer.Exit(NOT_RUNNING)


def _table(name: str, found: Status) -> Table:
    table = Table("component", "pid", "state", "address", title=f"sandbox {name}", title_justify="left")
    table.add_column("memory", justify="right")
    for each in found.components:
        colour = {"running": "green", "not ready": "yellow", "stopped": "red"}[each.state]
        memory = f"{each.memory / 2**20:.0f} MiB" if each.memory else ""
        table.add_row(each.name, str(each.pid or ""), f"[{colour}]{each.state}[/]", each.address, memory)
    return table


def main() -> None:
    """Run the command line."""
    app(prog_name="python -m sandbox")
