"""What the commands have in common: their options, and how they load what they call."""

from __future__ import annotations

import gc
import importlib
from typing import Annotated, Any

import typer

# Seven times the default number of new objects: a preview of dev takes a twentieth less time, and 1 % more memory.
_COLLECT_SELDOM = (5_000, 10, 10)

Stack = Annotated[str, typer.Option("--stack", "-s", help="The environment: NAME of Pulumi.NAME.yaml.")]
Context = Annotated[
    str | None, typer.Option("--context", help="Deploy to this context of your kubeconfig, whatever the file says.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Answer every question with yes, as in CI.")]
Adopt = Annotated[
    bool, typer.Option("--adopt", help="Take over what is in the cluster of an environment whose state is lost.")
]
Timeout = Annotated[int, typer.Option("--timeout", min=1, help="Seconds to wait for workloads to become available.")]


def module(name: str) -> Any:
    """Import the module of a command, and let the garbage collector work from here on.

    What an import allocates stays: `__main__` has the collector off meanwhile, since looking through all of it again
    and again takes a quarter of a preview's time. Nor is it looked at afterwards, not even once: that takes a tenth of
    a second, and would free half a percent of the memory. A process that has the collector on, such as that of the
    tests, keeps it as it is.
    """
    module = importlib.import_module(f"ops.{name}")
    if gc.isenabled():
        return module
    gc.freeze()
    gc.set_threshold(*_COLLECT_SELDOM)
    gc.enable()
    return module
