"""State in a backend of the user's own, by PULUMI_BACKEND_URL: made there, found again, nothing of it in `.state`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pulumi_random import RandomPassword
from rich.console import Console

import ops.engine.backend
from ops.engine.backend import LocalBackend, backend_of
from ops.engine.programs import find
from ops.engine.stack import EngineStack
from paths import PROJECT

pytestmark = [
    pytest.mark.skipif(shutil.which("go") is None, reason="Go is not installed, so no engine can be built"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def one_password() -> None:
    RandomPassword("one", length=24)


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EngineStack]:
    monkeypatch.setattr(ops.engine.backend, "ROOT", tmp_path)
    monkeypatch.setenv("SAAS_PLATFORM_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path / 'theirs'}")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "theirs")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "Pulumi.yaml").write_text(f"name: {PROJECT}\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n")
    programs = find(Console())
    with programs.running() as variables:
        yield EngineStack("dev", backend_of("dev"), programs, variables, program=one_password)


def test_a_stack_is_made_in_it_found_again_and_forgotten(stack: EngineStack, tmp_path: Path) -> None:
    """Asked for as a failure, a stack that is not there yet would end the first `up`."""
    assert not isinstance(stack.backend, LocalBackend)
    assert not stack.exists
    assert (stack.export(), stack.secrets()) == ({}, {})
    assert "RandomPassword one" in stack.up().titles("create")
    assert stack.exists
    assert stack.preview().resources == ()
    (password,) = stack.secrets().values()
    assert len(password) == 24
    assert password not in "".join(path.read_text() for path in (tmp_path / "theirs").rglob("*.json"))
    again = EngineStack("dev", stack.backend, stack.programs, stack.variables, program=one_password)
    assert [one["type"].rpartition(":")[2] for one in again.resources()][-1] == "RandomPassword"
    assert not (tmp_path / "state" / "pulumi").exists()
    again.destroy()
    again.forget()
    assert not EngineStack("dev", stack.backend, stack.programs, stack.variables).exists
