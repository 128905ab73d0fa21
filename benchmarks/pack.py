"""What the pack adds to `pulumi preview` of production with the real engine, and what of that is not the pack's.

Three previews in turn: without a pack, with one that has a single rule which does nothing, and with ours. The engine
starts a pack's process before the program's, and asks it twice about every resource, whatever the rules: the second
figure is the price of a pack as the SDK serves it, the third is judged against the aim.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from paths import ROOT

_ROUNDS = int(os.environ.get("BENCHMARK_ROUNDS", "9"))
_STACK = "prod"
_MANIFEST = "name: empty\nversion: 0.1.0\nruntime:\n  name: python\n  options:\n    virtualenv: ../.venv\n"
_PACK = """
import pulumi_policy as crossguard


def validate(args, report):
    pass


rule = crossguard.StackValidationPolicy(name="nothing", description="Nothing.", validate=validate)
crossguard.PolicyPack("empty", [rule])
"""
_LEFT_OUT = (".git", ".venv", ".state", "rendered", "tests", "sandbox", ".*_cache", "__pycache__")


def run() -> None:
    """Print the medians of elapsed seconds, and of the ratios within each round; says so where it cannot run."""
    if shutil.which("pulumi") is None:
        print("skipped: pulumi is not on PATH")
        return
    with tempfile.TemporaryDirectory() as folder:
        project = _project(Path(folder))
        _pulumi(project, "stack", "init", _STACK)
        packs: Sequence[tuple[str, ...]] = ((), ("--policy-pack", "empty"), ("--policy-pack", "policy"))
        for pack in packs:
            _preview(project, pack)
        rounds = [[_preview(project, pack) for pack in packs] for _ in range(_ROUNDS)]
    for index, name in enumerate(("no pack", "an empty pack", "this pack")):
        seconds = statistics.median(one[index] for one in rounds)
        share = statistics.median(one[index] / one[0] - 1 for one in rounds)
        aim = " (aim ≤ 10 %)" if index == 2 else ""
        print(f"preview of {_STACK} with {name:14} {seconds:6.2f} s   adds {share:.0%}{aim}")
    own = statistics.median((one[2] - one[1]) / one[0] for one in rounds)
    print(f"this pack beyond an empty one: {own:.0%}, median of {_ROUNDS} rounds")


def _project(folder: Path) -> Path:
    """A copy: the engine writes into the environment's file."""
    project = folder / "project"
    shutil.copytree(ROOT, project, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    (project / ".venv").symlink_to(sys.prefix)
    (project / "state").mkdir()
    (project / "empty").mkdir()
    (project / "empty" / "PulumiPolicy.yaml").write_text(_MANIFEST)
    (project / "empty" / "__main__.py").write_text(_PACK)
    return project


def _preview(project: Path, pack: tuple[str, ...]) -> float:
    from components.performance import PARALLEL

    start = time.perf_counter()
    _pulumi(project, "preview", "--stack", _STACK, "--suppress-progress", f"--parallel={PARALLEL}", *pack)
    return time.perf_counter() - start


def _pulumi(project: Path, *arguments: str) -> None:
    backend = {"PULUMI_BACKEND_URL": f"file://{project / 'state'}", "PULUMI_CONFIG_PASSPHRASE": "benchmark"}
    command = ["pulumi", "--non-interactive", *arguments]
    done = subprocess.run(
        command, cwd=project, env={**os.environ, **backend}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        sys.exit(f"pulumi {' '.join(arguments)}: exit status {done.returncode}\n{(done.stdout + done.stderr)[-3000:]}")
