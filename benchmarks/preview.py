"""`ops preview` of dev against a floor: the same objects registered directly, without configuration or components."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Command, compare
from paths import ROOT

ENVIRONMENT = "dev"


def run() -> None:
    """Print time and memory of both."""
    with tempfile.TemporaryDirectory() as folder:
        objects = Path(folder) / "objects.json"
        # By a process of its own: a child's peak memory counts from what its parent holds when it starts.
        command = (sys.executable, "-m", "ops", "preview", "-s", ENVIRONMENT, "--output", "json")
        document = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
        objects.write_text(json.dumps([one for one in document["resources"] if one["custom"]]))
        ours = Command("ops preview", (sys.executable, "-m", "ops", "preview", "-s", ENVIRONMENT), str(ROOT))
        floor = Command("floor", (sys.executable, "-m", "benchmarks.floor", str(objects)), str(ROOT))
        compare(ours, floor, runs=7, most=1.15)
