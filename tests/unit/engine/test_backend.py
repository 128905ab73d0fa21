"""Where state is kept: private, with a passphrase that is never made anew, without a trace in what is committed."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
import yaml

import ops.engine.backend
from ops.engine.backend import LocalBackend, UsersBackend, backend_of
from ops.errors import OperationError
from paths import PROJECT

FILE = "# A comment.\nconfig:\n  saas-platform:tier: dev\n"
SALT = "encryptionsalt: v1:abc=:v1:def\n"
VARIABLES = ("PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own, whose user has chosen nothing."""
    monkeypatch.setattr(ops.engine.backend, "ROOT", tmp_path)
    monkeypatch.setenv("SAAS_PLATFORM_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "Pulumi.yaml").write_text(f"name: {PROJECT}\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(FILE)
    return tmp_path


def mode(path: str | Path) -> int:
    return stat.S_IMODE(Path(path).stat().st_mode)


def test_state_lies_below_the_projects_own_folder_and_all_of_it_is_private(project: Path) -> None:
    """The passphrase opens every secret of the state, and the copy of the file has its salt."""
    backend = LocalBackend("dev")
    variables = backend.variables()
    assert variables["PULUMI_BACKEND_URL"] == f"file://{project / 'state' / 'pulumi'}?metadata=skip"
    passphrase = variables["PULUMI_CONFIG_PASSPHRASE_FILE"]
    assert len(Path(passphrase).read_text()) >= 32
    assert {mode(passphrase), mode(backend.config_file)} == {0o600}
    assert {mode(backend.folder), mode(backend.work_dir)} == {0o700}


def test_the_passphrase_is_made_once(project: Path) -> None:
    """With another one, the state of yesterday can never be read again."""
    first, second = (Path(LocalBackend("dev").variables()["PULUMI_CONFIG_PASSPHRASE_FILE"]).read_text() for _ in "ab")
    assert first == second
    assert project.is_dir()


def test_a_lost_passphrase_is_said_and_never_replaced_while_there_is_state(project: Path) -> None:
    """A new one made silently: every secret of the state unreadable, and the next run makes new passwords."""
    backend = LocalBackend("dev")
    backend.variables()
    backend.state_file.parent.mkdir(parents=True)
    backend.state_file.write_text("{}")
    backend.passphrase_file.unlink()
    with pytest.raises(OperationError, match=r"passphrase is missing.*state of dev.*ADOPT=1"):
        backend.variables()
    assert not backend.passphrase_file.exists()
    assert (project / "state").is_dir()


@pytest.mark.parametrize("name", VARIABLES[2:])
def test_a_passphrase_of_the_users_own_is_left_to_pulumi(
    project: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A file of ours would win over it."""
    monkeypatch.setenv(name, "theirs")
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in LocalBackend("dev").variables()
    assert project.is_dir()


@pytest.mark.parametrize("copy", [SALT + FILE, FILE + SALT, FILE + SALT.rstrip()])
def test_the_salt_is_kept_in_the_copy_and_never_reaches_the_environments_file(project: Path, copy: str) -> None:
    """It belongs to this machine's passphrase: committed, it would be a wrong one for everybody else.

    The engine's last line has no end where that of the environment's file had none.
    """
    backend = LocalBackend("dev")
    backend.variables()
    backend.config_file.write_text(copy)
    changed = FILE.replace("dev", "test")
    (project / "Pulumi.dev.yaml").write_text(changed)
    backend.variables()
    assert backend.config_file.read_text() == changed.replace("config", f"{SALT}config", 1)
    assert (project / "Pulumi.dev.yaml").read_text() == changed


@pytest.mark.parametrize(
    "text",
    [
        FILE,
        "---\n" + FILE,
        "# One.\n---\n# Two.\n" + FILE,
        '{"config": {"saas-platform:tier": "dev"}}',
        "# In braces.\n{config: {'saas-platform:tier': dev},}\n",
        "  config:\n    saas-platform:tier: dev\n",
    ],
)
def test_the_salt_is_put_into_a_file_of_any_form(project: Path, text: str) -> None:
    """In front of a file in braces, or of one that begins with `---`, it made one that nobody can read."""
    (project / "Pulumi.dev.yaml").write_text(text)
    backend = LocalBackend("dev")
    backend.variables()
    assert backend.config_file.read_text() == text
    backend.config_file.write_text(SALT + FILE)
    for _ in range(2):
        backend.variables()
        kept = yaml.safe_load(backend.config_file.read_text())
        assert kept == {"encryptionsalt": "v1:abc=:v1:def", "config": {"saas-platform:tier": "dev"}}


def test_a_file_with_encrypted_values_brings_its_own_salt(project: Path) -> None:
    """Without it nobody could decrypt them again."""
    encrypted = f"{SALT}{FILE}  saas-platform:token:\n    secure: v1:xyz\n"
    (project / "Pulumi.dev.yaml").write_text(encrypted)
    backend = LocalBackend("dev")
    backend.variables()
    assert backend.config_file.read_text() == encrypted


def test_the_clusters_of_a_fleet_read_the_file_of_their_environment(project: Path) -> None:
    backend = LocalBackend("dev.eu")
    backend.variables()
    assert backend.config_file.name == "Pulumi.dev.eu.yaml"
    assert backend.config_file.read_text() == FILE
    assert UsersBackend("dev.eu").config_file == project / "Pulumi.dev.yaml"
    assert UsersBackend("dev").config_file is None


@pytest.mark.parametrize(
    ("owner", "abandoned"),
    [(os.getpid(), False), (2**22 + 1, True), (None, True)],
    ids=["this one", "one that there cannot be", "unreadable"],
)
def test_a_lock_is_abandoned_only_if_its_process_is_gone(project: Path, owner: int | None, abandoned: bool) -> None:
    """Two updates at a time would tear the state apart; a lock of nobody would block for ever."""
    backend = LocalBackend("dev")
    backend.variables()
    locks = project / "state" / "pulumi" / ".pulumi" / "locks" / "organization" / PROJECT / "dev"
    locks.mkdir(parents=True)
    assert not backend.abandoned_lock()
    (locks / "one.json").write_text("{" if owner is None else json.dumps({"pid": owner}))
    assert backend.abandoned_lock() is abandoned


@pytest.mark.parametrize("name", VARIABLES[:2])
def test_a_backend_that_the_user_chose_by_a_variable_is_used(
    project: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    assert isinstance(backend_of("dev"), LocalBackend)
    monkeypatch.setenv(name, "theirs")
    assert backend_of("dev") == UsersBackend("dev")
    assert UsersBackend("dev").work_dir == project


def test_a_log_in_of_the_user_is_a_choice_too(project: Path) -> None:
    (project / "home").mkdir()
    (project / "home" / "credentials.json").write_text(json.dumps({"current": "https://api.pulumi.com"}))
    assert isinstance(backend_of("dev"), UsersBackend)
    (project / "home" / "credentials.json").write_text("{")
    assert isinstance(backend_of("dev"), LocalBackend)
