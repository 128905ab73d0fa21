"""`python -m benchmarks [NAME …]`: all benchmarks, or those named."""

from __future__ import annotations

import importlib
import sys

# Name and module; each module has `run() -> None`, which prints its figures.
BENCHMARKS = {
    "preview": "benchmarks.preview",
    "engine": "benchmarks.engine",
    "cures": "benchmarks.cures",
    "environment": "benchmarks.environment",
    "policy": "benchmarks.policy",
    "pack": "benchmarks.pack",
}


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; returns 2 for a name that there is none of."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"error: no benchmark is called {unknown[0]!r}; there are: {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    for name in names or BENCHMARKS:
        print(f"== {name}")
        importlib.import_module(BENCHMARKS[name]).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
