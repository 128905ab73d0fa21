"""`ops preview` against a floor: the same objects registered directly, without configuration or components."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Command, compare
from paths import ROOT

# The smallest environment and the largest.
ENVIRONMENTS = ("dev", "prod")


def run() -> None:
    """Print time and memory of both, for each environment."""
    for environment in ENVIRONMENTS:
        print(environment)
        _measure(environment)


def _measure(environment: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        objects = Path(folder) / "objects.json"
        preview = (sys.executable, "-m", "ops", "preview", "-s", environment)
        # By a process of its own: a child's peak memory counts from what its parent holds when it starts.
        done = subprocess.run((*preview, "--output", "json"), cwd=ROOT, check=True, capture_output=True, text=True)
        objects.write_text(json.dumps([one for one in json.loads(done.stdout)["resources"] if one["custom"]]))
        ours = Command("ops preview", preview, str(ROOT))
        floor = Command("floor", (sys.executable, "-m", "benchmarks.floor", str(objects)), str(ROOT))
        compare(ours, floor, runs=7, most=1.15)
