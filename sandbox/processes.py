"""Detached processes that outlive the command that started them, found again through verified records."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from .files import read_json, write_json

# Clock ticks and boot-time rounding make the same process's start time differ by a few hundredths of a second.
_START_TOLERANCE_SECONDS = 0.5


@dataclass(frozen=True)
class Record:
    """What identifies a process beyond its pid, which the kernel gives out again: `started` is in epoch seconds."""

    pid: int
    started: float
    command: tuple[str, ...]

    @property
    def process(self) -> psutil.Process | None:
        """The process itself, or None when it has ended or when its pid now belongs to another."""
        _reap(self.pid)
        with suppress(psutil.Error):
            found = psutil.Process(self.pid)
            same = abs(found.create_time() - self.started) < _START_TOLERANCE_SECONDS
            return found if same and found.status() != psutil.STATUS_ZOMBIE else None
        return None


def _reap(pid: int) -> None:
    # A dead child stays a zombie, and looks alive to others, until its parent has asked after it.
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def read(file: Path) -> Record | None:
    """The record in a pid file, or None when there is none or it is broken."""
    match read_json(file):
        case {"pid": int(pid), "started": float(started), "command": list(command)}:
            return Record(pid, started, tuple(map(str, command)))
    return None


def write(file: Path, record: Record) -> None:
    """Keep the record in a pid file."""
    write_json(file, asdict(record))


def spawn(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Record:
    """Start a program in a session of its own, with `environment` alone, its output appended to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    # Tried here, since the error of a spawn names the program whatever it was about.
    os.close(os.open(log, append, 0o600))
    # posix_spawn rather than Popen: nothing here waits for the child, and a Popen object would warn about that.
    pid = os.posix_spawn(
        command[0],
        list(command),
        environment,
        setsid=True,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), append, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
    )
    return Record(pid, _start_time(pid), tuple(command))


def _start_time(pid: int) -> float:
    with suppress(psutil.Error):
        return psutil.Process(pid).create_time()
    return 0.0


def strays(program: str, folder: Path) -> list[Record]:
    """This user's processes of a program (by file name) whose arguments point into `folder`.

    They exist when `up` was killed between a start and the writing of its record.
    """
    inside = f"{folder}{os.sep}"
    found = []
    for process in psutil.process_iter(["pid", "create_time", "cmdline", "uids"]):
        command = process.info["cmdline"] or [""]
        own = process.info["uids"] is not None and process.info["uids"].real == os.getuid()
        if own and Path(command[0]).name == program and any(inside in argument for argument in command[1:]):
            found.append(Record(process.info["pid"], process.info["create_time"], tuple(command)))
    return found


def stop(record: Record, patience: float = 10.0) -> None:
    """End a process: SIGTERM, then SIGKILL after `patience` seconds. Does nothing to a pid that is another's by now."""
    process = record.process
    if process is None:
        return
    _send(process, signal.SIGTERM)
    if not _ended(record, patience):
        _send(process, signal.SIGKILL)
        _ended(record, patience)


def _send(process: psutil.Process, number: signal.Signals) -> None:
    # psutil compares the start time once more right before it sends.
    with suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def _ended(record: Record, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while record.process is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
