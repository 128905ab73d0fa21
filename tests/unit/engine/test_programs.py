"""Which engine deploys: a recent one on PATH, else one that is built; what a user of the first build is told."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from pulumi import automation
from rich.console import Console

from ops.engine import programs
from ops.engine.programs import MINIMUM, Programs, find
from ops.errors import OperationError
from sandbox import tools


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is PATH, with nothing in it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def pulumi(folder: Path, script: str) -> None:
    program = folder / "pulumi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def version(number: tuple[int, ...]) -> str:
    return "v" + ".".join(map(str, number))


def test_a_recent_engine_on_path_wins(on_path: Path) -> None:
    """It fetches its plugins itself: nothing of ours is to be put beside it."""
    pulumi(on_path, f"echo {version(MINIMUM)}")
    found = find(Console())
    assert (found.built, dict(found.variables)) == (False, {})
    assert found.title == f"Pulumi {version(MINIMUM)[1:]}"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo v3.180.9", r"is Pulumi 3\.180\.9; 3\.181\.0 or newer is needed.*take it off PATH"),
        ("echo nonsense", r"does not say its version.*install Pulumi from https://"),
        ("exit 3", r"does not say its version.*install Pulumi from https://"),
    ],
)
def test_one_that_is_too_old_or_broken_is_refused_with_what_to_do(on_path: Path, script: str, said: str) -> None:
    """Found out in the middle of a run, the message would be of an unknown flag."""
    pulumi(on_path, script)
    with pytest.raises(OperationError, match=said):
        find(Console())


def test_without_one_the_first_build_is_announced_with_the_quicker_way(
    on_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ten minutes of silence, and nobody says that the CLI is installed in one."""
    built = {name: tmp_path / "engine" / "bin" / name for name in tools.group("engine")}
    (tmp_path / "engine" / "bin").mkdir(parents=True)
    pulumi(tmp_path / "engine" / "bin", "echo v3.274.1")
    built["pulumi-resource-kubernetes"].touch()
    monkeypatch.setenv("SAAS_PLATFORM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(tools, "ensure", lambda _names: built)
    found = find(Console(width=300))
    assert found.built and found.title == "Pulumi 3.274.1, built here"
    said = capsys.readouterr().out
    assert "No pulumi on PATH: building it" in said and "Installing the CLI is quicker: https://" in said
    assert on_path.is_dir()


def test_the_stand_in_is_attached_only_where_the_real_plugin_is_not(tmp_path: Path, on_path: Path) -> None:
    """It makes passwords for the sandbox alone: what a user has installed must not be passed over."""
    pulumi(on_path, f"echo {version(MINIMUM)}")
    made = Programs(automation.PulumiCommand(), {"PULUMI_HOME": str(tmp_path)}, built=True)
    with made.running() as variables:
        assert variables["PULUMI_DEBUG_PROVIDERS"].startswith("random:")
    (tmp_path / "plugins" / "resource-random-v4.21.4").mkdir(parents=True)
    with made.running() as variables:
        assert variables == {"PULUMI_HOME": str(tmp_path)}
    assert programs.MINIMUM == MINIMUM
