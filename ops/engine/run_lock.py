"""One run at a time for each environment, and for each cluster: `down` during `up` would remove what it makes."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ops.clusters import Cluster
from ops.errors import OperationError
from ops.files import private_folder, write_private
from paths import state_directory


@contextlib.contextmanager
def exclusive_run(stack: str, cluster: Cluster, what: str) -> Iterator[None]:
    """Hold both locks; `what` is the command, for the message of whoever comes meanwhile.

    The kernel lets go of them however this process ends. Raises OperationError at once where another run has one.
    """
    identity = hashlib.sha256(f"{cluster.kubeconfig}\0{cluster.context}".encode()).hexdigest()[:12]
    with _held(f"environment-{stack}", f"{what} of {stack}"), _held(f"cluster-{identity}", f"{what} of {stack}"):
        yield


@dataclass(frozen=True)
class Unfinished:
    """The mark of a run from before its first change until it has ended: one that is killed leaves it behind."""

    stack: str

    @property
    def path(self) -> Path:
        """Where it is, while it is there."""
        return state_directory() / "locks" / f"{self.stack}.unfinished"

    @property
    def left_behind(self) -> bool:
        """Whether a run was killed, and no later one has found out what it had made. To be asked while no run is on."""
        return self.path.exists()

    def remove(self) -> None:
        """Say that the state knows everything again."""
        self.path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def set(self) -> Iterator[None]:
        """Leave the mark while the block runs; an exception ends the block as well as any other end."""
        write_private(self.path, f"process {os.getpid()}\n")
        try:
            yield
        finally:
            self.remove()


@contextlib.contextmanager
def _held(name: str, what: str) -> Iterator[None]:
    path = private_folder(state_directory() / "locks") / f"{name}.lock"
    with path.open("a+", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OperationError(
                f"{_holder(path)} is at work on the same {name.partition('-')[0]}. Nothing was changed; "
                "wait until it has ended, and run this again"
            ) from None
        handle.truncate(0)
        handle.write(f"{what} (process {os.getpid()})")
        handle.flush()
        yield


def _holder(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip() or "another run"
