"""What the commands have in common: their options, and how they load what they call."""

from __future__ import annotations

import gc
import importlib
from typing import Annotated, Any

import typer

# A seventh of the default number of new objects, and half of its number of young collections.
_COLLECT_OFTEN = (100, 5, 5)

Stack = Annotated[str, typer.Option("--stack", "-s", help="The environment: NAME of Pulumi.NAME.yaml.")]
Context = Annotated[
    str | None, typer.Option("--context", help="Deploy to this context of your kubeconfig, whatever the file says.")
]
Timeout = Annotated[int, typer.Option("--timeout", min=1, help="Seconds to wait for workloads to become available.")]


def module(name: str) -> Any:
    """Import the module of a command, and let the garbage collector work from here on.

    What an import allocates stays: `__main__` has the collector off meanwhile, since looking through all of it again
    and again takes a quarter of a preview's time, and afterwards it need not be looked at any more.
    A process that has it on, such as that of the tests, keeps it as it is.
    """
    module = importlib.import_module(f"ops.{name}")
    if gc.isenabled():
        return module
    gc.collect()
    gc.freeze()
    # Little is left to look through, so looking often costs little, and what the SDK leaves in cycles goes early.
    gc.set_threshold(*_COLLECT_OFTEN)
    gc.enable()
    return module
