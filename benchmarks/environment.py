"""Deploying dev to the sandbox: the first time, again with nothing to change, and the sandbox's memory at rest.

The engine and the control plane should be built before (`make tools`): a build would be part of the first time.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Command
from paths import ROOT


def run() -> None:
    """Print seconds of a first and of an unchanged `ops up`, their ratio, and the sandbox's resident memory."""
    from sandbox import Sandbox

    with tempfile.TemporaryDirectory() as folder:
        variables = {"SAAS_PLATFORM_STATE": folder}
        sandbox = Sandbox(state=Path(folder) / "sandbox")
        try:
            up = Command("ops up", (sys.executable, "-m", "ops", "up"), str(ROOT), variables)
            first, again = up.measure(), up.measure()
            print(f"first   {first.seconds:6.1f} s (aim ≤ 60)   again {again.seconds:6.1f} s (aim ≤ 12)", end="   ")
            print(f"ratio {again.seconds / first.seconds:.2f}")
            memory = sum(component.memory for component in sandbox.status().components) / 2**20
            print(f"memory of the sandbox at rest {memory:.0f} MiB (aim < 1500)")
        finally:
            sandbox.reset()
