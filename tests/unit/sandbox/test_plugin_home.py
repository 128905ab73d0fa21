"""The folder in which the engine finds its plugins."""

from __future__ import annotations

import importlib.metadata
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sandbox import SandboxError
from sandbox.plugins.install import install
from sandbox.tools import KUBERNETES_PROVIDER_VERSION

NAME = "pulumi-resource-kubernetes"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    path = tmp_path / "built" / NAME
    path.parent.mkdir()
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def _installed(home: Path) -> Path:
    return home / "plugins" / f"resource-kubernetes-v{KUBERNETES_PROVIDER_VERSION}" / NAME


def test_the_version_that_is_built_is_the_one_that_the_program_asks_for() -> None:
    assert importlib.metadata.version("pulumi_kubernetes") == KUBERNETES_PROVIDER_VERSION


def test_a_plugin_lies_where_the_engine_looks_in_a_folder_of_its_owner_alone(built: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    assert install(home, {NAME: built, "pulumi": tmp_path / "elsewhere"}) == home
    assert _installed(home).resolve() == built
    assert not _installed(home).parent.is_symlink(), "the engine takes real folders alone for plugins"
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_done_again_nothing_changes_and_a_new_build_takes_the_place_of_the_old(built: Path, tmp_path: Path) -> None:
    home = install(tmp_path / "home", {NAME: built})
    before = _installed(home).lstat()
    install(home, {NAME: built})
    assert _installed(home).lstat().st_ino == before.st_ino
    newer = tmp_path / "newer"
    newer.write_text("")
    built.unlink()
    install(home, {NAME: newer})
    assert _installed(home).resolve() == newer
    assert [path.name for path in _installed(home).parent.iterdir()] == [NAME]


def test_an_installation_that_was_broken_off_does_not_hide_the_plugin(built: Path, tmp_path: Path) -> None:
    home = install(tmp_path / "home", {NAME: built})
    mark = _installed(home).parent.with_name(f"resource-kubernetes-v{KUBERNETES_PROVIDER_VERSION}.partial")
    mark.touch()
    install(home, {NAME: built})
    assert not mark.exists()


def test_two_may_install_at_once(built: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(lambda _: install(home, {NAME: built}), range(64))) == {home}
    assert [path.name for path in _installed(home).parent.iterdir()] == [NAME]


@pytest.mark.parametrize(
    ("program", "there", "said"),
    [(NAME, False, r"is not at .*pulumi-resource-kubernetes"), ("pulumi-resource-nothing", True, "pulumi_nothing")],
)
def test_what_cannot_be_installed_is_said(built: Path, tmp_path: Path, program: str, there: bool, said: str) -> None:
    with pytest.raises(SandboxError, match=said):
        install(tmp_path / "home", {program: built if there else tmp_path / program})
