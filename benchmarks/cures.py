"""What each cure of `components.performance` is worth: the same program through the engine with all but that one.

BENCHMARK_CURED_RESOURCES is the number of resources (default 300).
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from benchmarks.engine_runs import Runs, runs
from benchmarks.measure import Figures
from benchmarks.small_objects import CURES

COUNT = int(os.environ.get("BENCHMARK_CURED_RESOURCES", "300"))
OPERATIONS = ("preview", "up")


def run() -> None:
    """Print how much longer preview and `up` take without each cure than with all, which runs first and last."""
    with runs() as sandbox:
        first = _measure(sandbox, "all", None)
        without = {cure: _measure(sandbox, cure, cure) for cure in CURES}
        last = _measure(sandbox, "all-again", None)
    for operation in OPERATIONS:
        seconds = (first[operation].seconds + last[operation].seconds) / 2
        cpu = (first[operation].cpu + last[operation].cpu) / 2
        rows = {"all cures": first, **{f"without {cure}": row for cure, row in without.items()}, "all again": last}
        for title, row in rows.items():
            figures = row[operation]
            print(f"{operation:8} {COUNT} resources, {title:26}", end=" ")
            print(f"elapsed {figures.seconds:6.1f} s ({figures.seconds / seconds - 1:+4.0%})", end="   ")
            print(f"cpu {figures.cpu:6.1f} s ({figures.cpu / cpu - 1:+4.0%})")


def _measure(sandbox: Runs, name: str, left_out: str | None) -> Mapping[str, Figures]:
    stack = sandbox.stack(name.replace("_", "-"), COUNT, [cure for cure in CURES if cure != left_out])
    return {operation: stack.measure(operation) for operation in OPERATIONS}
