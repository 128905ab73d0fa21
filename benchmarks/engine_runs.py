"""Runs of small objects through the real engine on a sandbox of their own: programs, state and measuring."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.measure import Command, Figures
from benchmarks.small_objects import CURES, Settings
from components.performance import ENGINE_VARIABLES
from paths import ROOT


@dataclass(frozen=True)
class Runs:
    """A sandbox and an engine. `engine` is the folder of its `bin/pulumi`; None stands for the one on PATH."""

    folder: Path
    engine: Path | None
    variables: dict[str, str]

    def stack(self, name: str, count: int, cures: Collection[str]) -> Stack:
        """A stack of `count` objects with those cures and no state yet; the name is also that of its objects."""
        work, state = self.folder / name, self.folder / f"{name}-state"
        work.mkdir()
        state.mkdir()
        # As `ops` keeps it in files, or as `pulumi login --local` does.
        query = "?metadata=skip" if "no_metadata" in cures else ""
        variables = {
            **self.variables,
            **(ENGINE_VARIABLES if "engine_variables" in cures else {}),
            "PULUMI_BACKEND_URL": f"file://{state}{query}",
            "PULUMI_CONFIG_PASSPHRASE": "benchmark",
        }
        engine = str(self.engine) if self.engine else None
        settings = Settings(name, str(work), engine, variables, count, [one for one in CURES if one in cures])
        file = work / "settings.json"
        file.write_text(json.dumps(asdict(settings)))
        return Stack(name, file)


@dataclass(frozen=True)
class Stack:
    """One program with its own state; `settings` is the file that describes it."""

    name: str
    settings: Path

    def measure(self, operation: str) -> Figures:
        """What `preview` or `up` takes, with the start of Python and of the engine."""
        arguments = (sys.executable, "-m", "benchmarks.small_objects", operation, str(self.settings))
        return Command(f"{self.name} {operation}", arguments, str(ROOT)).measure()


@contextlib.contextmanager
def runs() -> Iterator[Runs]:
    """A sandbox until the end of the context, and the engine on PATH, else that which the sandbox builds."""
    from sandbox import Sandbox

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        engine, variables = _engine(folder)
        sandbox = Sandbox("benchmark", state=folder / "sandbox")
        sandbox.up(nodes=1, zones=1)
        try:
            yield Runs(folder, engine, {**variables, "KUBECONFIG": str(sandbox.kubeconfig)})
        finally:
            sandbox.reset()


def _engine(folder: Path) -> tuple[Path | None, dict[str, str]]:
    """Where the engine is, and what its processes are given so that they find the provider."""
    if shutil.which("pulumi"):
        return None, {}
    from sandbox import tools

    built = tools.ensure(("pulumi", "pulumi-resource-kubernetes"))
    path = os.pathsep.join((str(built["pulumi-resource-kubernetes"].parent), os.environ["PATH"]))
    home = {"PULUMI_HOME": str(folder / "home"), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    return built["pulumi"].parent.parent, {**home, "PATH": path}
