"""Every object of every system in every tier, as a review sees it: a change of the program shows in `tests/snapshots`.

prod's files are whole. dev's and staging's say what they have other than prod (`tests.support.differences`): what all
three have is read once, and what a tier has of its own stands alone.

The files say what is deployed, not whether that is right: the tests of each document's figures do. After a change that
is meant, `make snapshots` writes them anew, and the difference belongs into the same commit.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
import yaml

from graph.model import masked
from paths import ROOT
from tests.support.differences import applied, difference, exactly, read, said, written
from tests.unit.recordings import ENVIRONMENTS, Body, of_system, recorded, systems_of

FOLDER = ROOT / "tests" / "snapshots"
# What is longer is a script or a document of its own, which has its own place in a review.
_LONGEST = 400
# A Job's name ends in a digest of what it runs, since a Job cannot be changed: it is the same one in each tier.
_DIGEST = re.compile(r"-[0-9a-f]{8}$")
WHOLE = "prod"
# A failure shows no more of what differs: who changes every object wants to see which change, not each object.
_SHOWN = 20
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


def called(body: Body) -> str:
    """What an object is called in every tier."""
    metadata = body["metadata"]
    name = _DIGEST.sub("", metadata["name"]) if body["kind"] == "Job" else metadata["name"]
    return f"{body['kind']} {metadata.get('namespace', '')}/{name}"


def whole(stack: str, system: str) -> str:
    bodies = [masked(body) for body in of_system(recorded(stack), system)]
    bodies.sort(key=lambda body: (body["kind"], body["metadata"]["name"]))
    return "---\n".join(_text(body) for body in bodies)


def _text(body: Body) -> str:
    text: str = yaml.dump(normalised(dict(body)), Dumper=yaml.CSafeDumper, sort_keys=True, width=120)
    return text


def objects_of(text: str) -> dict[str, Body]:
    """The objects of a whole file, by what they are called."""
    bodies = [body for body in yaml.load_all(text, Loader=yaml.CSafeLoader) if body]
    objects = {called(body): body for body in bodies}
    assert len(objects) == len(bodies), f"two objects are called the same: {sorted(map(called, bodies))}"
    return objects


@cache
def deployed(stack: str, system: str) -> Mapping[str, Body]:
    return objects_of(whole(stack, system))


def snapshot(stack: str, system: str) -> str:
    if stack == WHOLE:
        return whole(stack, system)
    sides = (WHOLE, stack)
    found = difference(deployed(WHOLE, system), deployed(stack, system), sides)
    return written(found, f"What {system} is in {stack} and not in {WHOLE}. `make snapshots` writes it.")


def complaint(stack: str, file: str, now: str) -> str:
    """Which objects and paths differ between a snapshot and what it should be."""
    if stack == WHOLE:
        sides = ("in the file", "now")
        lines = [
            f"{name} {path}: {said_of_it}"
            for (name, path), said_of_it in said(difference(objects_of(file), objects_of(now), sides), sides).items()
        ]
    else:
        before, after = (said(read(text), (WHOLE, stack)) for text in (file, now))
        pairs = {place: (before.get(place, "nothing"), after.get(place, "nothing")) for place in {**before, **after}}
        lines = [
            f"{name} {path}: in the file {old}, now {new}"
            for (name, path), (old, new) in sorted(pairs.items())
            if exactly(old) != exactly(new)
        ]
    more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return "\n  ".join([*lines[:_SHOWN], *more] or ["the same, written in another form"])


@pytest.mark.parametrize(("stack", "system"), _EVERY)
def test_a_system_is_deployed_as_the_snapshot_says(stack: str, system: str) -> None:
    path, now = FOLDER / f"{system}.{stack}.yaml", snapshot(stack, system)
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.write_text(now, encoding="utf-8")
    assert path.is_file(), f"there is no {path.name}: `make snapshots` writes it"
    file = path.read_text(encoding="utf-8")
    if file != now:
        pytest.fail(
            f"{path.name} is not what is deployed; `make snapshots` writes it anew:\n  {complaint(stack, file, now)}",
            pytrace=False,
        )
    if stack != WHOLE:
        of_file = applied(deployed(WHOLE, system), read(file), (WHOLE, stack))
        assert exactly(of_file) == exactly(deployed(stack, system)), f"{path.name} and {WHOLE}'s do not say all"


def test_a_snapshot_that_is_old_names_object_and_path() -> None:
    """Of a whole file and of a difference."""
    old = {"kind": "Deployment", "metadata": {"namespace": "orders", "name": "web"}, "spec": {"replicas": 2}}
    new = {**old, "spec": {"replicas": 3}}
    sides = (WHOLE, "staging")
    told = complaint(WHOLE, _text(old), _text(new))
    assert told == "Deployment orders/web spec.replicas: {'in the file': 2, 'now': 3}"
    file, now = (written(difference({called(old): old}, {called(one): one}, sides), "Orders") for one in (old, new))
    told = complaint("staging", file, now)
    assert told == "Deployment orders/web spec.replicas: in the file nothing, now {'prod': 2, 'staging': 3}"
    assert complaint("staging", now, now.replace("Orders", "By hand")) == "the same, written in another form"


def test_there_is_no_snapshot_of_what_is_not_deployed() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {f"{system}.{stack}.yaml" for stack, system in _EVERY}
