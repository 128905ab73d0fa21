"""Where the state of a stack is kept: in the backend that the user has chosen, else in files of this project."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml

from ops.errors import OperationError
from ops.files import private_folder, write_private
from paths import PROJECT, ROOT, environment_of, state_directory

_SALT = "encryptionsalt"
# The one written in C is ten times as fast, and not everywhere.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PASSPHRASE_VARIABLES = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")


def user_has_a_backend() -> bool:
    """Whether the user has chosen where Pulumi keeps state: by a variable, or by `pulumi login`."""
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    if os.environ.get("PULUMI_BACKEND_URL") or os.environ.get("PULUMI_ACCESS_TOKEN"):
        return True
    try:
        return bool(json.loads((home / "credentials.json").read_text(encoding="utf-8")).get("current"))
    except (OSError, ValueError):
        return False


@dataclass(frozen=True)
class UsersBackend:
    """The backend of the user's own, which Pulumi reads and writes as it is set up."""

    stack: str

    @property
    def work_dir(self) -> Path:
        """Where the engine's processes run: the folder of the project's file, in which Pulumi keeps the stack's."""
        return ROOT

    @property
    def config_file(self) -> Path | None:
        """The environment's file, where the stack's name does not lead to it: the clusters of a fleet share one."""
        environment = environment_of(self.stack)
        return ROOT / f"Pulumi.{environment}.yaml" if environment != self.stack else None

    def variables(self) -> dict[str, str]:
        """What the engine's processes are given for it."""
        return {}


@dataclass(frozen=True)
class LocalBackend:
    """State in files below `.state/pulumi`, readable by their owner alone; its secrets encrypted with a passphrase.

    The engine runs in a folder of the stack's own there, with a copy of the environment's file: into that, and not
    into the one that is committed, it writes the salt of this machine's passphrase.
    """

    stack: str

    @property
    def folder(self) -> Path:
        """Where state, passphrase and backups are."""
        return state_directory() / "pulumi"

    @property
    def work_dir(self) -> Path:
        """Where the engine's processes run."""
        return self.folder / "work" / self.stack

    @property
    def config_file(self) -> Path:
        """The copy of the environment's file, made anew by `variables`."""
        return self.work_dir / f"Pulumi.{self.stack}.yaml"

    @property
    def state_file(self) -> Path:
        """The stack's state, as the engine writes it."""
        return self.folder / ".pulumi" / "stacks" / PROJECT / f"{self.stack}.json"

    @property
    def passphrase_file(self) -> Path:
        """The passphrase of all stacks of this machine; lost, no secret of their states can be read again."""
        return self.folder / "passphrase"

    def variables(self) -> dict[str, str]:
        """What the engine's processes are given for it; makes what they need.

        Raises OperationError where there is state and no passphrase: a new one would not open it.
        """
        self._copy_files()
        variables = {"PULUMI_BACKEND_URL": file_backend(self.folder)}
        if not any(os.environ.get(name) for name in _PASSPHRASE_VARIABLES):
            variables["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(self._passphrase())
        return variables

    def abandoned_lock(self) -> bool:
        """Whether the stack is locked only by processes that are gone."""
        locks = [*self.folder.glob(f".pulumi/locks/**/{PROJECT}/{self.stack}/*.json")]
        return bool(locks) and not any(psutil.pid_exists(_owner(lock)) for lock in locks)

    def _copy_files(self) -> None:
        private_folder(self.work_dir)
        shutil.copyfile(ROOT / "Pulumi.yaml", self.work_dir / "Pulumi.yaml")
        text = (ROOT / f"Pulumi.{environment_of(self.stack)}.yaml").read_text(encoding="utf-8")
        before = self.config_file.read_text(encoding="utf-8") if self.config_file.exists() else ""
        write_private(self.config_file, _with_salt(text, _salt_in(_root_of(before))))

    def _passphrase(self) -> Path:
        path = self.passphrase_file
        if not path.exists():
            others = sorted(one.stem for one in self.state_file.parent.glob("*.json"))
            if others:
                raise OperationError(
                    f"{path} is missing, and the state of {', '.join(others)} is encrypted with it. Put it back from "
                    "your backup of that folder. If it is lost, so are the secrets of the state, and not those of the "
                    f"cluster: move {self.state_file} away, and run `make up ENV={self.stack} ADOPT=1`, which takes "
                    "the environment over as the cluster has it"
                )
            write_private(path, secrets.token_urlsafe(32))
        return path


Backend = LocalBackend | UsersBackend


def backend_of(stack: str) -> Backend:
    """The backend of a stack."""
    return UsersBackend(stack) if user_has_a_backend() else LocalBackend(stack)


def file_backend(folder: Path) -> str:
    """The URL of a backend in the files of a folder.

    Without `metadata=skip`, each write of the state also makes a file of its MD5 sums, which nothing reads.
    """
    return f"file://{folder}?metadata=skip"


def _root_of(text: str) -> yaml.MappingNode | None:
    """The mapping that a stack's file is; None for what is none, of which the program says what is wrong with it."""
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError:
        return None
    return root if isinstance(root, yaml.MappingNode) else None


def _salt_in(root: yaml.MappingNode | None) -> str:
    """The salt that a stack's file has ("" if it has none)."""
    return next((str(value.value) for key, value in (root.value if root else ()) if key.value == _SALT), "")


def _with_salt(text: str, salt: str) -> str:
    """A file with the salt, as the first of its keys, however it is written: in lines, in braces, after `---`.

    A file with encrypted values brings the salt that they were encrypted with, and keeps it.
    """
    root = _root_of(text) if salt else None
    if root is None or _salt_in(root):
        return text
    begin = root.start_mark.index
    if root.flow_style:
        return f'{text[: begin + 1]}"{_SALT}": "{salt}", {text[begin + 1 :]}'
    return f"{text[:begin]}{_SALT}: {salt}\n{' ' * root.start_mark.column}{text[begin:]}"


def _owner(lock: Path) -> int:
    try:
        return int(json.loads(lock.read_text(encoding="utf-8")).get("pid", 0))
    except (OSError, ValueError):
        return 0
