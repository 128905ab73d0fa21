"""Pulumi's state in files of the project: private, and without a trace in the environment's own file."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

import ops.engines.local_backend
from ops.engines.local_backend import LocalBackend
from paths import PROJECT

FILE = "# A comment.\nconfig:\n  saas-platform:tier: dev\n"
SALT = "encryptionsalt: v1:abc=:v1:def\n"


@pytest.fixture
def original(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The environment's file, in a project of its own."""
    monkeypatch.setattr(ops.engines.local_backend, "ROOT", tmp_path)
    monkeypatch.setenv("SAAS_PLATFORM_STATE", str(tmp_path / "state"))
    for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(FILE)
    return path


def mode(path: str | Path) -> int:
    return stat.S_IMODE(Path(path).stat().st_mode)


def test_state_lies_below_the_projects_own_folder_and_its_passphrase_is_private(original: Path) -> None:
    """The passphrase opens every secret of the state."""
    variables = LocalBackend("dev").variables()
    assert variables["PULUMI_BACKEND_URL"] == f"file://{original.parent / 'state' / 'pulumi'}?metadata=skip"
    passphrase = variables["PULUMI_CONFIG_PASSPHRASE_FILE"]
    assert mode(passphrase) == 0o600
    assert len(Path(passphrase).read_text()) >= 32


def test_the_passphrase_is_made_once(original: Path) -> None:
    """With another one, the state of yesterday can never be read again."""
    first, second = (Path(LocalBackend("dev").variables()["PULUMI_CONFIG_PASSPHRASE_FILE"]).read_text() for _ in "ab")
    assert first == second
    assert original.read_text() == FILE


@pytest.mark.parametrize("name", ["PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"])
def test_a_passphrase_of_the_users_own_is_left_to_pulumi(
    original: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A file of ours would win over it."""
    monkeypatch.setenv(name, "theirs")
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in LocalBackend("dev").variables()
    assert original.exists()


def test_the_salt_that_pulumi_writes_is_taken_out_of_the_environments_file(original: Path) -> None:
    """It belongs to this machine's passphrase: committed, it would be a wrong one for everybody else."""
    original.write_text(SALT + FILE)
    LocalBackend("dev").clean()
    assert original.read_text() == FILE


def test_a_file_without_a_salt_is_not_written(original: Path) -> None:
    """An editor that has it open would ask whether to load it again."""
    before = original.stat().st_mtime_ns
    LocalBackend("dev").clean()
    assert original.stat().st_mtime_ns == before


def test_a_file_with_encrypted_values_keeps_its_salt(original: Path) -> None:
    """Without it nobody could decrypt them again."""
    encrypted = f"{SALT}{FILE}  saas-platform:token:\n    secure: v1:xyz\n"
    original.write_text(encrypted)
    backend = LocalBackend("dev")
    backend.clean()
    assert original.read_text() == encrypted
    assert backend.config_file() == original


def test_pulumi_reads_a_private_copy_that_keeps_the_salt_and_follows_the_file(original: Path) -> None:
    """The salt must be the same in every run, and a change of the file must arrive."""
    backend = LocalBackend("dev")
    backend.variables()
    copy = backend.config_file()
    assert copy.read_text() == FILE
    copy.write_text(SALT + FILE)
    changed = FILE.replace("dev", "test")
    original.write_text(changed)
    assert backend.config_file().read_text() == SALT + changed
    assert mode(copy) == 0o600


@pytest.mark.parametrize(
    ("owner", "abandoned"),
    [(os.getpid(), False), (2**22 + 1, True), (None, True)],
    ids=["this one", "one that there cannot be", "unreadable"],
)
def test_a_lock_is_abandoned_only_if_its_process_is_gone(original: Path, owner: int | None, abandoned: bool) -> None:
    """Two updates at a time would tear the state apart; a lock of nobody would block for ever."""
    backend = LocalBackend("dev")
    backend.variables()
    locks = original.parent / "state" / "pulumi" / ".pulumi" / "locks" / "organization" / PROJECT / "dev"
    locks.mkdir(parents=True)
    assert not backend.abandoned_lock()
    (locks / "one.json").write_text("{" if owner is None else json.dumps({"pid": owner}))
    assert backend.abandoned_lock() is abandoned
