"""Commands that are killed: who dies, who is said to be left, and that nobody stays."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from tests.support.killing import After, Ended, Once, Victim, run_and_kill

# The first process starts one beside it, which writes its process id, and waits for it as long as it takes.
_TWO = "sleep 60 & echo $! > pid; wait"


def _run(folder: Path, script: str, victim: Victim, *, grace: float = 5) -> Ended:
    moment = Once(lambda: (folder / "pid").exists() and (folder / "pid").read_text() != "", 0.1)
    return run_and_kill(["bash", "-c", script], moment, victim=victim, cwd=folder, timeout=20, grace=grace)


def _runs(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def _child(folder: Path) -> int:
    return int((folder / "pid").read_text())


def test_all_of_a_command_dies_although_part_of_it_has_a_process_group_of_its_own(tmp_path: Path) -> None:
    """As the engine's plugins have: they would go on writing to the cluster."""
    # Job control gives each background process a group.
    ended = _run(tmp_path, f"set -m; {_TWO}", Victim.ALL)
    assert (ended.struck, ended.status, ended.left) == (True, -signal.SIGKILL, ())
    assert not _runs(_child(tmp_path))


@pytest.mark.parametrize(("script", "survivors"), [(_TWO, 0), (f"set -m; {_TWO}", 1)])
def test_a_killed_group_takes_nobody_of_another_group_with_it(tmp_path: Path, script: str, survivors: int) -> None:
    """A test of survivors would otherwise see none where a CI system leaves some."""
    ended = _run(tmp_path, script, Victim.GROUP, grace=0.3)
    assert ended.status == -signal.SIGKILL
    assert len(ended.left) == survivors, ended.left


def test_who_survives_the_first_process_is_reported_and_then_ended(tmp_path: Path) -> None:
    """A run that leaves something behind must fail its test, and not disturb the next."""
    ended = _run(tmp_path, _TWO, Victim.LEADER, grace=0.3)
    assert ended.status == -signal.SIGKILL
    assert [one.partition(" ")[2] for one in ended.left] == ["sleep 60"]
    deadline = time.monotonic() + 5
    while _runs(_child(tmp_path)):
        assert time.monotonic() < deadline, "the survivor still runs"
        time.sleep(0.05)


def test_who_ends_by_itself_within_the_grace_is_not_left(tmp_path: Path) -> None:
    """An engine that notices that its program is gone needs a moment."""
    ended = _run(tmp_path, "sleep 0.8 & echo $! > pid; wait", Victim.LEADER)
    assert (ended.struck, ended.left) == (True, ())


@pytest.mark.parametrize("victim", [Victim.ENGINE, Victim.PROVIDER])
def test_the_engine_or_the_provider_alone_dies_and_the_command_goes_on(tmp_path: Path, victim: Victim) -> None:
    """Its exit status and words are what such a test is about."""
    program = tmp_path / victim
    program.symlink_to("/bin/sleep")
    ended = _run(tmp_path, f"./{victim} 60 & echo $! > pid; wait $!; echo it said $?", victim)
    assert (ended.struck, ended.status, ended.left) == (True, 0, ())
    assert "it said 137" in ended.output


def test_a_command_that_has_ended_before_the_moment_was_not_struck() -> None:
    """A test that kills nothing would pass as one of a killed run."""
    ended = run_and_kill(["echo", "done"], After(30), timeout=20)
    assert ended == Ended(struck=False, status=0, output="done\n", left=())


def test_a_command_that_does_not_end_fails_with_its_words_and_is_ended(tmp_path: Path) -> None:
    script = f"echo waiting; {_TWO}"
    with pytest.raises(AssertionError, match="still running 1 s after the kill:\nwaiting"):
        run_and_kill(["bash", "-c", script], After(0.3), victim=Victim.PROVIDER, cwd=tmp_path, timeout=1)
    assert not _runs(_child(tmp_path))


def test_what_is_a_session_of_its_own_outlives_the_command(tmp_path: Path) -> None:
    """The sandbox's servers are started by the first command that needs them."""
    ended = _run(tmp_path, "setsid sleep 60 & echo $! > pid; wait", Victim.ALL)
    pid = _child(tmp_path)
    try:
        assert (ended.status, ended.left) == (-signal.SIGKILL, ())
        assert _runs(pid)
    finally:
        os.kill(pid, signal.SIGKILL)
