"""State of the Pulumi engine in files of this project, for those who have chosen no backend."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

import psutil

from paths import PROJECT, ROOT, environment_of, state_directory

_SALT = "encryptionsalt:"


def user_has_a_backend() -> bool:
    """Whether the user has chosen where Pulumi keeps state: by a variable, or by `pulumi login`."""
    credentials = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi") / "credentials.json"
    if os.environ.get("PULUMI_BACKEND_URL") or os.environ.get("PULUMI_ACCESS_TOKEN"):
        return True
    try:
        return bool(json.loads(credentials.read_text(encoding="utf-8")).get("current"))
    except (OSError, ValueError):
        return False


class LocalBackend:
    """State in files of this project, for those who have chosen no backend."""

    def __init__(self, stack: str) -> None:
        self._stack = stack
        self._folder = state_directory() / "pulumi"
        self._original = ROOT / f"Pulumi.{environment_of(stack)}.yaml"
        self._killed = self._folder / f"{stack}.killed"
        # What Pulumi makes for a cluster of a fleet when it makes the stack, with nothing but the salt in it.
        self._surplus = ROOT / f"Pulumi.{stack}.yaml" if stack != environment_of(stack) else None

    def variables(self) -> dict[str, str]:
        """The environment that makes Pulumi use it."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        variables = {"PULUMI_BACKEND_URL": file_backend(self._folder)}
        if not any(os.environ.get(name) for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")):
            variables["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(self._passphrase())
        return variables

    def clean(self) -> None:
        """Take the salt of this backend out of the environment's file, into which Pulumi writes it unasked.

        It belongs to this machine's passphrase, so that elsewhere it would only be a wrong one. A file with encrypted
        values keeps it: those cannot be read without.
        """
        if self._surplus:
            self._surplus.unlink(missing_ok=True)
        text = self._original.read_text(encoding="utf-8")
        kept, _ = _salted(text)
        if kept != text and not self._encrypts(text):
            self._original.write_text(kept, encoding="utf-8")

    def config_file(self) -> Path:
        """What Pulumi is to read: a copy of the environment's file that keeps the salt, made anew for each run."""
        text = self._original.read_text(encoding="utf-8")
        if self._encrypts(text):
            return self._original
        copy = self._folder / f"Pulumi.{self._stack}.yaml"
        _, salt = _salted(copy.read_text(encoding="utf-8") if copy.exists() else "")
        _write_private(copy, salt + _salted(text)[0])
        return copy

    @staticmethod
    def _encrypts(text: str) -> bool:
        return "secure:" in text

    def was_killed(self) -> bool:
        """Whether a run was killed, and no later one has taken over what it may have made."""
        return self._killed.exists()

    def remember_kill(self) -> None:
        """Note that a run was killed: its lock says so only until it is released."""
        self._killed.touch()

    def recovered(self) -> None:
        """Say that the state knows everything again."""
        self._killed.unlink(missing_ok=True)

    def abandoned_lock(self) -> bool:
        """Whether the stack is locked only by processes that are gone."""
        locks = [*self._folder.glob(f".pulumi/locks/**/{PROJECT}/{self._stack}/*.json")]
        return bool(locks) and not any(psutil.pid_exists(_owner(lock)) for lock in locks)

    def _passphrase(self) -> Path:
        path = self._folder / "passphrase"
        if not path.exists():
            _write_private(path, secrets.token_urlsafe(32))
        return path


def file_backend(folder: Path) -> str:
    """The URL of a backend in the files of a folder.

    Without `metadata=skip`, each write of the state also makes a file of its MD5 sums, which nothing reads.
    """
    return f"file://{folder}?metadata=skip"


def _salted(text: str) -> tuple[str, str]:
    """A stack's file without its salt, and the line of the salt ("" if it has none)."""
    lines = text.splitlines(keepends=True)
    salt = next((line for line in lines if line.startswith(_SALT)), "")
    return "".join(line for line in lines if not line.startswith(_SALT)), salt


def _owner(lock: Path) -> int:
    try:
        return int(json.loads(lock.read_text(encoding="utf-8")).get("pid", 0))
    except (OSError, ValueError):
        return 0


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
