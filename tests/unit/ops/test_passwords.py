"""The file of generated passwords: private, whole at every moment, and the same from run to run."""

from __future__ import annotations

import json
import os
import stat
import string
from pathlib import Path

import pytest

from ops.engines.passwords import PasswordFile
from ops.errors import OperationError

LENGTH = {"length": 32}


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder of this test."""
    monkeypatch.setenv("SAAS_PLATFORM_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_password_is_as_long_as_asked_for_and_made_of_letters_and_digits() -> None:
    """A character that a URL or a shell must escape breaks whoever does not."""
    password = PasswordFile("dev").password("db", {"length": 40})
    assert len(password) == 40
    assert set(password) <= set(string.ascii_letters + string.digits)


def test_passwords_of_two_names_and_of_two_environments_differ() -> None:
    """One that leaks must not open the rest."""
    files = [PasswordFile("dev"), PasswordFile("prod")]
    found = {file.password(name, LENGTH) for file in files for name in ("db", "cache")}
    assert len(found) == 4


def test_a_second_run_gets_the_same_passwords() -> None:
    """A new one would lock the services out of a database that has the old one."""
    first = PasswordFile("dev").password("db", LENGTH)
    assert PasswordFile("dev").password("db", LENGTH) == first
    assert PasswordFile("dev").password("db", {"length": 8}) == first, "a kept password is not made anew"


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_only_its_owner_can_read_the_file_and_enter_its_folder(state: Path, mask: int) -> None:
    """Whatever the umask: other users of the machine must not see it."""
    before = os.umask(mask)
    try:
        PasswordFile("dev").password("db", LENGTH)
    finally:
        os.umask(before)
    assert mode(state / "dev" / "passwords.json") == 0o600
    assert mode(state / "dev") == 0o700


def test_an_unfinished_file_that_is_open_to_all_does_not_stay_so(state: Path) -> None:
    """The mode of `open` holds only for a file that is new."""
    (state / "dev").mkdir(parents=True)
    left = state / "dev" / "passwords.new"
    left.write_text("{")
    left.chmod(0o644)
    PasswordFile("dev").password("db", LENGTH)
    assert mode(state / "dev" / "passwords.json") == 0o600


def test_a_password_is_on_disk_before_it_is_used(state: Path) -> None:
    """Killed right after, the next run must find the password that the database may already have."""
    password = PasswordFile("dev").password("db", LENGTH)
    assert json.loads((state / "dev" / "passwords.json").read_text()) == {"db": password}


def test_a_run_that_is_killed_while_writing_leaves_the_old_file_whole(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a file would be the loss of all passwords."""
    kept = PasswordFile("dev").password("db", LENGTH)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", killed)
        with pytest.raises(KeyboardInterrupt):
            PasswordFile("dev").password("cache", LENGTH)
    assert json.loads((state / "dev" / "passwords.json").read_text()) == {"db": kept}
    assert PasswordFile("dev").password("db", LENGTH) == kept
    assert PasswordFile("dev").password("cache", LENGTH)


@pytest.mark.parametrize("content", [b'{"db": "half', b"", b"\xff\xfe", b"[]", b'"text"', b"null"])
def test_a_damaged_file_is_reported_with_its_path_and_not_replaced(state: Path, content: bytes) -> None:
    """New passwords in its place would lock everything out of its own data."""
    path = state / "dev" / "passwords.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(OperationError, match=r"passwords\.json.*restore it or remove the environment"):
        PasswordFile("dev")
    assert path.read_bytes() == content


def test_a_file_that_may_not_be_read_is_reported(state: Path) -> None:
    """A folder in its place stands for every other reason."""
    (state / "dev" / "passwords.json").mkdir(parents=True)
    with pytest.raises(OperationError, match="cannot be read"):
        PasswordFile("dev")


def test_removing_forgets_all_passwords_and_can_be_repeated() -> None:
    """After `down` the data is gone, and with it every reason to keep them."""
    file = PasswordFile("dev")
    first = file.password("db", LENGTH)
    file.remove()
    file.remove()
    assert PasswordFile("dev").password("db", LENGTH) != first


def test_the_file_of_one_environment_says_nothing_of_another(state: Path) -> None:
    """`down` of one must not take along the passwords of the other."""
    PasswordFile("dev").password("db", LENGTH)
    kept = PasswordFile("staging").password("db", LENGTH)
    PasswordFile("dev").remove()
    assert PasswordFile("staging").password("db", LENGTH) == kept
    assert not (state / "dev" / "passwords.json").exists()
