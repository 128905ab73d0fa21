"""The Pulumi engine, driven through its Automation API.

State lives in whatever backend the user chose (`PULUMI_BACKEND_URL` or `pulumi login`), else in local files below
`.state/`, encrypted with a passphrase that only the owner of those files can read.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

import psutil
from pulumi import automation
from rich.console import Console

from components.performance import PARALLEL
from ops.clusters import Cluster
from ops.errors import OperationError
from paths import PROJECT, ROOT, state_directory

_SALT = "encryptionsalt"
_DONE = {"create": "created", "update": "updated", "delete": "deleted", "replace": "replaced"}


class PulumiEngine:
    """`pulumi up` and `pulumi destroy` of one stack, with the engine's own output passed on line by line."""

    def __init__(self, stack: str, cluster: Cluster, console: Console) -> None:
        self._stack_name, self._cluster, self._console = stack, cluster, console
        self._local = None if _has_own_backend() else LocalBackend(stack)

    def up(self) -> str:
        """Deploy; returns what changed, such as `93 created` or `no changes`. Raises OperationError if it fails."""
        stack = self._open()
        self._recover(stack)
        with _reported("up"):
            result = stack.up(**self._options())
        changes = {kind.value: count for kind, count in (result.summary.resource_changes or {}).items()}
        unchanged = changes.pop("same", 0)
        text = ", ".join(f"{count} {_DONE.get(kind, kind)}" for kind, count in sorted(changes.items()) if count)
        return f"{text or 'no changes'}, {unchanged} resources unchanged"

    def down(self) -> int:
        """Destroy everything of the stack, and the stack itself; returns how many resources that were.

        Protected resources make the engine refuse.
        """
        stack = self._open()
        self._recover(stack)
        with _reported("destroy"):
            result = stack.destroy(**self._options())
        # Without `preserve_config` Pulumi would delete the environment's file with the stack.
        stack.workspace.remove_stack(self._stack_name, preserve_config=True)
        return (result.summary.resource_changes or {}).get(automation.OpType.DELETE, 0)

    def _open(self) -> automation.Stack:
        variables = self._local.variables() if self._local else {}
        workspace = automation.LocalWorkspace(work_dir=str(ROOT), env_vars=variables)
        with _reported("stack init"):
            try:
                stack = automation.Stack.select(self._stack_name, workspace)
            except automation.StackNotFoundError:
                stack = automation.Stack.create(self._stack_name, workspace)
        if self._local:
            self._local.take_salt()
        return stack

    def _options(self) -> dict[str, Any]:
        options: dict[str, Any] = {
            "parallel": PARALLEL,
            "color": "never",
            # One line for each step of each object would be hundreds; the summary and all diagnostics stay.
            "suppress_progress": True,
            "on_output": self._print,
        }
        return options | self._config_file()

    def _config_file(self) -> dict[str, str]:
        return {"config_file": str(self._local.config_file())} if self._local else {}

    def _recover(self, stack: automation.Stack) -> None:
        """Take up where a run that was killed left off: a lock that nobody holds, creations without an answer."""
        if self._local and self._local.abandoned_lock():
            self._console.print("The last run was killed; releasing its lock", style="yellow")
            stack.cancel()
        pending = (stack.export_stack().deployment or {}).get("pending_operations") or []
        creating = [one["resource"] for one in pending if one.get("type") == "creating"]
        if not creating:
            return
        self._console.print(f"The last run was killed; looking up {len(creating)} objects that it was creating")
        found = [pair for pair in map(_import_pair, creating) if pair]
        arguments = ["refresh", "--yes", "--color=never", "--stack", self._stack_name]
        arguments += [f"--import-pending-creates={part}" for pair in found for part in pair]
        arguments += ["--clear-pending-creates"] if len(found) < len(creating) else []
        arguments += [f"--config-file={path}" for path in self._config_file().values()]
        # The Automation API's own `refresh` has no parameter for what is to be imported.
        with _reported("refresh"):
            workspace = stack.workspace
            workspace.pulumi_command.run(arguments, workspace.work_dir, workspace.env_vars, self._print)

    def _print(self, line: str) -> None:
        if line.strip():
            self._console.print(line, markup=False)


class LocalBackend:
    """State in files of this project, for those who have chosen no backend."""

    def __init__(self, stack: str) -> None:
        self._stack = stack
        self._folder = state_directory() / "pulumi"
        self._original = ROOT / f"Pulumi.{stack}.yaml"
        self._salt = self._folder / f"{stack}.salt"

    def variables(self) -> dict[str, str]:
        """The environment that makes Pulumi use it."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        variables = {"PULUMI_BACKEND_URL": f"file://{self._folder}"}
        if not any(os.environ.get(name) for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")):
            variables["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(self._passphrase())
        return variables

    def take_salt(self) -> None:
        """Move the salt that Pulumi writes into the environment's file here: it belongs to this backend alone."""
        text = self._original.read_text(encoding="utf-8")
        lines = text.splitlines(keepends=True)
        salt = [line for line in lines if line.startswith(f"{_SALT}:")]
        if salt:
            _write_private(self._salt, "".join(salt))
            self._original.write_text("".join(line for line in lines if line not in salt), encoding="utf-8")

    def config_file(self) -> Path:
        """The environment's file with the salt, made anew for each run."""
        copy = self._folder / f"Pulumi.{self._stack}.yaml"
        salt = self._salt.read_text(encoding="utf-8") if self._salt.exists() else ""
        _write_private(copy, salt + self._original.read_text(encoding="utf-8"))
        return copy

    def abandoned_lock(self) -> bool:
        """Whether the stack is locked only by processes that are gone."""
        locks = [*self._folder.glob(f".pulumi/locks/**/{PROJECT}/{self._stack}/*.json")]
        return bool(locks) and not any(psutil.pid_exists(_owner(lock)) for lock in locks)

    def _passphrase(self) -> Path:
        path = self._folder / "passphrase"
        if not path.exists():
            _write_private(path, secrets.token_urlsafe(32))
        return path


class _reported:  # noqa: N801 reads as a statement: `with _reported("up"):`
    """Turn the engine's failures into one error with its own words."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: object, _trace: object) -> None:
        if isinstance(error, automation.ConcurrentUpdateError):
            raise OperationError("another pulumi is at work on this stack; wait for it, or end it") from error
        if isinstance(error, automation.CommandError):
            raise OperationError(f"pulumi {self._what} failed; its own words are above") from error


def _has_own_backend() -> bool:
    credentials = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi") / "credentials.json"
    if os.environ.get("PULUMI_BACKEND_URL") or os.environ.get("PULUMI_ACCESS_TOKEN"):
        return True
    try:
        return bool(json.loads(credentials.read_text(encoding="utf-8")).get("current"))
    except (OSError, ValueError):
        return False


def _import_pair(resource: dict[str, Any]) -> tuple[str, str] | None:
    """(URN, id) of a Kubernetes object whose creation was not answered; its id follows from its name."""
    if not str(resource.get("type", "")).startswith("kubernetes:"):
        return None
    metadata = resource.get("inputs", {}).get("metadata", {})
    name, namespace = metadata.get("name"), metadata.get("namespace")
    return (resource["urn"], f"{namespace}/{name}" if namespace else name) if name else None


def _owner(lock: Path) -> int:
    try:
        return int(json.loads(lock.read_text(encoding="utf-8")).get("pid", 0))
    except (OSError, ValueError):
        return 0


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
