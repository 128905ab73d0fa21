"""Every object of every system in every tier, as a review sees it: a change of the program shows in `tests/snapshots`.

The files say what is deployed, not whether that is right: the tests of each document's figures do. After a change that
is meant, `make snapshots` writes them anew, and the difference belongs into the same commit.
"""

from __future__ import annotations

import hashlib
import os
from typing import Any

import pytest
import yaml

from graph.model import masked
from paths import ROOT
from tests.unit.recordings import ENVIRONMENTS, Body, of_system, recorded, systems_of

FOLDER = ROOT / "tests" / "snapshots"
# What is longer is a script or a document of its own, which has its own place in a review.
_LONGEST = 400
_EVERY = [(stack, system) for stack in ENVIRONMENTS for system in systems_of(stack)]


def normalised(value: Any) -> Any:
    """The value with long texts as their digest, and without what differs from run to run."""
    if isinstance(value, dict):
        return {key: normalised(one) for key, one in value.items()}
    if isinstance(value, list):
        return [normalised(one) for one in value]
    if isinstance(value, str) and len(value) > _LONGEST:
        return f"sha256:{hashlib.sha256(value.encode()).hexdigest()[:16]}"
    return value


def snapshot(stack: str, system: str) -> str:
    bodies = [masked(body) for body in of_system(recorded(stack), system)]
    bodies.sort(key=lambda body: (body["kind"], body["metadata"]["name"]))
    return "---\n".join(_text(body) for body in bodies)


def _text(body: Body) -> str:
    text: str = yaml.dump(normalised(dict(body)), Dumper=yaml.CSafeDumper, sort_keys=True, width=120)
    return text


@pytest.mark.parametrize(("stack", "system"), _EVERY)
def test_a_system_is_deployed_as_the_snapshot_says(stack: str, system: str) -> None:
    path, now = FOLDER / f"{system}.{stack}.yaml", snapshot(stack, system)
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.write_text(now, encoding="utf-8")
    assert path.is_file(), f"there is no {path.name}: `make snapshots` writes it"
    assert now.splitlines() == path.read_text(encoding="utf-8").splitlines(), "`make snapshots` shows the difference"


def test_there_is_no_snapshot_of_what_is_not_deployed() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {f"{system}.{stack}.yaml" for stack, system in _EVERY}
