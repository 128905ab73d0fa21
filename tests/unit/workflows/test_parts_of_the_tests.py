"""`make test` runs its parts beside each other: together they are all unit and policy tests, each of them once."""

from __future__ import annotations

import os
import re
import subprocess
from collections import Counter
from pathlib import Path

from paths import ROOT


def commands() -> list[list[str]]:
    """What `make test` would run of pytest, as make itself says it."""
    whole = (ROOT / "Makefile").read_text(encoding="utf-8")
    (parts,) = re.findall(r"^\t  (test-[a-z -]+)$", whole, re.MULTILINE)
    # As if from a shell: this may run below the very make that it asks about.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    asked = ["make", "--dry-run", "--no-print-directory", *parts.split()]
    said = subprocess.run(asked, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    return [line.partition("-m pytest ")[2].split() for line in said.splitlines() if "-m pytest " in line]


def files(arguments: list[str]) -> set[Path]:
    """The test files below the folders, but not below those that are ignored."""
    ignored = [ROOT / one.removeprefix("--ignore=") for one in arguments if one.startswith("--ignore=")]
    folders = [ROOT / one for one in arguments if not one.startswith("-")]
    found = {path for folder in folders for path in folder.rglob("test_*.py")}
    return {path for path in found if not any(path.is_relative_to(one) for one in ignored)}


def test_every_test_is_in_exactly_one_part() -> None:
    """A folder that no part names is never run again, and nobody is told."""
    parts = [files(arguments) for arguments in commands()]
    assert len(parts) > 1
    assert all(parts), "a part without a test"
    run = Counter(path for part in parts for path in part)
    expected = {path for folder in ("unit", "policy") for path in (ROOT / "tests" / folder).rglob("test_*.py")}
    assert run.keys() == expected
    assert [str(path) for path, times in run.items() if times > 1] == []
