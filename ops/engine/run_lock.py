"""One run at a time for each environment, and for each cluster: `down` during `up` would remove what it makes."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from ops.clusters import Cluster
from ops.errors import OperationError
from ops.files import private_folder
from paths import state_directory


@contextlib.contextmanager
def exclusive_run(stack: str, cluster: Cluster, what: str) -> Iterator[None]:
    """Hold both locks; `what` is the command, for the message of whoever comes meanwhile.

    The kernel lets go of them however this process ends. Raises OperationError at once where another run has one.
    """
    identity = hashlib.sha256(f"{cluster.kubeconfig}\0{cluster.context}".encode()).hexdigest()[:12]
    with _held(f"environment-{stack}", f"{what} of {stack}"), _held(f"cluster-{identity}", f"{what} of {stack}"):
        yield


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
