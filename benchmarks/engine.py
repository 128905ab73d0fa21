"""The real engine with 2,000 small resources: registered as this program does it, against an ordinary program.

The ordinary program is what a tutorial shows: resources at module level, the default provider, default parallelism,
the file backend as `pulumi login --local` makes it. Ours registers the same ones with all cures of
`components.performance`. Both go through the same engine, inline, each run in a process of its own, and both keep
their state in files, where each object that is made writes all of it twice: that is most of what `up` takes.

BENCHMARK_RESOURCES is the number of resources (default 2,000): the ordinary program takes most of an hour for as many
on a busy machine, and minutes for 300.
"""

from __future__ import annotations

import os

from benchmarks.engine_runs import runs
from benchmarks.small_objects import CURES

COUNT = int(os.environ.get("BENCHMARK_RESOURCES", "2000"))
AIMS = {"preview": 0.35, "up": 0.65}


def run() -> None:
    """Print elapsed and processor seconds of preview and `up` of both, and their ratios."""
    with runs() as sandbox:
        ours, ordinary = sandbox.stack("ours", COUNT, CURES), sandbox.stack("ordinary", COUNT, ())
        for operation, aim in AIMS.items():
            mine, theirs = ours.measure(operation), ordinary.measure(operation)
            for unit in ("seconds", "cpu"):
                left, right = getattr(mine, unit), getattr(theirs, unit)
                print(f"{operation:8} {COUNT} resources: {unit:8} ours {left:7.1f}   ordinary {right:7.1f}", end="   ")
                print(f"ratio {left / right:.2f} (aim ≤ {aim})", flush=True)
