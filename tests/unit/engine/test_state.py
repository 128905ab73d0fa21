"""The state as something precious: backups, torn files, and states that cannot be right."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from ops.engine import state as state_module
from ops.engine.backend import LocalBackend
from ops.engine.state import Backups, problems, read_backup, refuse_torn_file
from ops.errors import OperationError

STACK = {"urn": "urn:pulumi:dev::saas-platform::pulumi:pulumi:Stack::saas-platform-dev", "type": "pulumi:pulumi:Stack"}
CHILD = {"urn": "urn:pulumi:dev::saas-platform::kubernetes:core/v1:ConfigMap::a", "type": "t", "parent": STACK["urn"]}


def document(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"version": 3, "deployment": {"resources": list(resources)}}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAAS_PLATFORM_STATE", str(tmp_path))
    return tmp_path


def test_a_backup_is_private_and_reads_back_as_it_was() -> None:
    path = Backups("dev").make(document(STACK))
    assert path is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_backup(path) == document(STACK)


def test_only_what_changed_is_kept_again_and_an_empty_state_never() -> None:
    """Thirty backups of the same would push out the one that is needed."""
    backups = Backups("dev")
    assert backups.make(document()) is None
    assert backups.make(document(STACK))
    assert backups.make(document(STACK)) is None
    assert backups.make(document(STACK, CHILD))
    assert len(backups.all()) == 2


def test_the_oldest_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_module, "KEPT", 3)
    for number in range(5):
        Backups("dev").make(document(STACK, {**CHILD, "id": str(number)}))
    kept = [read_backup(path)["deployment"]["resources"][1]["id"] for path in Backups("dev").all()]
    assert kept == ["4", "3", "2"]


def test_a_backup_is_found_by_name_by_path_or_as_the_newest() -> None:
    first = Backups("dev").make(document(STACK))
    newest = Backups("dev").make(document(STACK, CHILD))
    assert first and newest
    assert Backups("dev").find(None) == newest
    assert Backups("dev").find(first.stem) == first
    assert Backups("dev").find(str(first)) == first
    with pytest.raises(OperationError, match=f"no backup 'nope'; the newest are: {newest.stem}"):
        Backups("dev").find("nope")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"checkpoint": {"latest": ', "not a state", '{"a": 1}', "null"])
def test_a_torn_file_is_said_with_the_way_back(text: str) -> None:
    """Not a traceback: empty, cut off by a full disk, or another file altogether."""
    backend = LocalBackend("dev")
    refuse_torn_file(backend)
    backend.state_file.parent.mkdir(parents=True)
    backend.state_file.write_text(text)
    with pytest.raises(OperationError, match=r"cannot be read: .*ops state restore -s dev.*ADOPT=1"):
        refuse_torn_file(backend)


@pytest.mark.parametrize(
    ("resources", "what"),
    [
        ([STACK, CHILD, CHILD], "stands 2 times"),
        ([CHILD, STACK], "its parent .* is not in the state before it"),
        ([STACK, {**CHILD, "dependencies": ["urn:gone"]}], "its dependency urn:gone is not"),
        ([CHILD], "no resource for the stack itself"),
        ([{**STACK, "urn": "urn:pulumi:prod::saas-platform::x::y"}], "is of another stack or project than dev"),
    ],
)
def test_a_state_that_cannot_be_right_is_told_why(resources: list[dict[str, Any]], what: str) -> None:
    """Taken for good, it would be deployed by."""
    import re

    found = list(problems(document(*resources), "dev"))
    assert any(re.search(what, one) for one in found), found


def test_a_sound_state_has_no_problem_also_in_the_middle_of_a_replacement() -> None:
    assert list(problems(document(STACK, CHILD, {**CHILD, "delete": True}), "dev")) == []
    assert list(problems({}, "dev")) == []
