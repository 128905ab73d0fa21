"""Commands that are killed at a moment which a test chooses, and what is left of them.

    ended = run_and_kill(command, AtWrite(server, 7), victim=Victim.ENGINE, cwd=folder)
    assert ended.struck and not ended.left

A command gets a session of its own, by which its processes are known: the engine gives its plugins process groups of
their own, and what a killed process leaves behind belongs to init. What a command starts as a session for itself, such
as the sandbox's servers, is meant to outlive it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Protocol

import psutil

from tests.support.faults import Call, Exchange, nth, writes
from tests.support.flaky_apiserver import FlakyApiServer

_PAUSE = 0.05


class Victim(StrEnum):
    """Which of a command's processes are killed, by `kill -9` in any case."""

    # All of them, as by a machine that goes down.
    ALL = "all"
    # The process group of the first, as by a CI system.
    GROUP = "group"
    # The first alone: what it has started goes on or ends by itself.
    LEADER = "leader"
    ENGINE = "pulumi"
    PROVIDER = "pulumi-resource-kubernetes"


class Moment(Protocol):
    """When a command is killed."""

    def wait(self, running: Callable[[], bool], strike: Callable[[], None]) -> None:
        """Return when the command has ended by itself, or call `strike` once and return."""


@dataclass(frozen=True)
class After:
    """So many seconds after the start."""

    seconds: float

    def wait(self, running: Callable[[], bool], strike: Callable[[], None]) -> None:
        deadline = time.monotonic() + self.seconds
        while running() and time.monotonic() < deadline:
            time.sleep(_PAUSE)
        if running():
            strike()


@dataclass(frozen=True)
class Once:
    """So many seconds after a condition holds, which is asked five times a second."""

    condition: Callable[[], bool]
    seconds: float = 0

    def wait(self, running: Callable[[], bool], strike: Callable[[], None]) -> None:
        while running() and not self.condition():
            time.sleep(0.2)
        After(self.seconds).wait(running, strike)


@dataclass(frozen=True)
class AtWrite:
    """When the n-th write of the command comes to the proxy.

    `forwarded`: the API server has done it, and the client has not heard; else the server was not asked.
    """

    server: FlakyApiServer
    turn: int
    forwarded: bool = True

    def wait(self, running: Callable[[], bool], strike: Callable[[], None]) -> None:
        def call(_write: Exchange) -> bool:
            strike()
            # A process that is gone has sent its request all the same: without this it would be forwarded.
            return not self.forwarded

        rule = self.server.on(writes(), Call(call, self.forwarded), nth(self.turn))
        while running() and not rule.hits:
            time.sleep(_PAUSE)


@dataclass(frozen=True)
class Ended:
    """What became of a command.

    `struck`: a process was there to be killed at the moment. `status` is the first process's exit status (-9: killed).
    `left` are the processes that were still there some seconds after its end; they are gone by now.
    """

    struck: bool
    status: int
    output: str
    left: tuple[str, ...]


def run_and_kill(
    command: Sequence[str],
    moment: Moment,
    *,
    victim: Victim = Victim.ALL,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    timeout: float = 180,
    grace: float = 20,
) -> Ended:
    """Run a command, kill `victim` at `moment`, and wait for the end of all of it.

    The first process may take `timeout` seconds to end, and the others `grace` seconds more. Fails after the timeout,
    with what the command printed.
    """
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            command, cwd=cwd, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        struck: list[int] = []
        try:
            moment.wait(lambda: process.poll() is None, lambda: struck.extend(_strike(process.pid, victim)))
            status = _ended(process, timeout, output)
            left = _left(process.pid, grace)
        finally:
            _strike(process.pid, Victim.ALL)
            process.wait()
            # The kernel takes a moment to end what was killed, and nobody here is told of others' children.
            _left(process.pid, grace)
        return Ended(bool(struck), status, _text(output), left)


def processes(leader: int) -> list[psutil.Process]:
    """The living processes of the session that `leader` began."""
    return [one for pid in psutil.pids() if _session(pid) == leader and (one := _living(pid))]


def _strike(leader: int, victim: Victim) -> list[int]:
    """Kill at once; returns the process ids of those that were killed."""
    killed: list[int] = []
    # Again until there is none: a process may have started another in between.
    while found := [one.pid for one in processes(leader) if one.pid not in killed and _is_meant(one, leader, victim)]:
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        killed += found
    return killed


def _is_meant(process: psutil.Process, leader: int, victim: Victim) -> bool:
    match victim:
        case Victim.ALL:
            return True
        case Victim.LEADER:
            return process.pid == leader
        case Victim.GROUP:
            with contextlib.suppress(ProcessLookupError):
                return os.getpgid(process.pid) == leader
            return False
        case _:
            with contextlib.suppress(psutil.NoSuchProcess):
                return process.name() == victim
            return False


def _ended(process: subprocess.Popen[bytes], timeout: float, output: IO[str]) -> int:
    try:
        return process.wait(timeout)
    except subprocess.TimeoutExpired:
        raise AssertionError(f"still running {timeout:.0f} s after the kill:\n{_text(output)}") from None


def _left(leader: int, grace: float) -> tuple[str, ...]:
    deadline = time.monotonic() + grace
    while (found := processes(leader)) and time.monotonic() < deadline:
        time.sleep(_PAUSE)
    return tuple(_title(one) for one in found)


def _title(process: psutil.Process) -> str:
    try:
        return f"{process.pid} {' '.join(process.cmdline())[:120]}"
    except psutil.Error:
        return str(process.pid)


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def _living(pid: int) -> psutil.Process | None:
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process
    except psutil.Error:
        return None


def _text(output: IO[str]) -> str:
    output.seek(0)
    return output.read()
