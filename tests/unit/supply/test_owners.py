"""Who reviews what: every line of CODEOWNERS is of files that exist, and the licence is the one that is named."""

from __future__ import annotations

import re
import tomllib

import pytest

from paths import ROOT

_LINES = [
    line.split()
    for line in (ROOT / ".github" / "CODEOWNERS").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


@pytest.mark.parametrize("line", _LINES, ids=lambda line: line[0])
def test_every_pattern_is_of_files_that_exist(line: list[str]) -> None:
    """A folder that moved would be reviewed by nobody of its own."""
    pattern, *owners = line
    assert list(ROOT.glob(pattern.strip("/")))
    assert owners and all(re.fullmatch(r"@[\w-]+/[\w-]+", owner) for owner in owners)


def test_everything_has_an_owner() -> None:
    assert _LINES[0][0] == "*"


def test_the_licence_is_the_one_that_the_project_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license"] == "Apache-2.0"
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text and "Version 2.0, January 2004" in text
