"""A copy of the program that a page may be followed in, and what it previews."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from paths import ROOT

PROGRAM = (
    *("components", "graph", "ops", "policy", "sandbox", "stacks"),
    *("__main__.py", "os_errors.py", "paths.py", "versions.py"),
)


def copy_program(folder: Path) -> None:
    """All that a preview needs, without the environments."""
    for name in PROGRAM:
        source = ROOT / name
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, folder / name, ignore=ignore) if source.is_dir() else shutil.copy(source, folder)
    shutil.copy(ROOT / "Pulumi.yaml", folder)
    shutil.copytree(ROOT / "docs" / "runbooks", folder / "docs" / "runbooks")


def run_preview(folder: Path, stack: str) -> subprocess.CompletedProcess[str]:
    """`ops preview` of a stack there."""
    command = [sys.executable, "-m", "ops", "preview", "-s", stack, "--output", "json"]
    return subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": ""}, capture_output=True, text=True, check=False
    )


def previewed(folder: Path, stack: str) -> dict[str, Any]:
    """The document of a preview that succeeds."""
    done = run_preview(folder, stack)
    assert done.returncode == 0, done.stdout + done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document
