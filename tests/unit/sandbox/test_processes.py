"""Processes are found again by pid and start time together."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from sandbox import processes
from sandbox.processes import Record

ENVIRONMENT = {"PATH": "/usr/bin:/bin"}


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Record]:
    record = processes.spawn(["/bin/sleep", "60"], ENVIRONMENT, tmp_path / "sleep.log")
    yield record
    processes.stop(record)


def test_a_process_that_was_started_is_found_again_through_its_pid_file(sleeper: Record, tmp_path: Path) -> None:
    processes.write(tmp_path / "sleep.json", sleeper)
    found = processes.read(tmp_path / "sleep.json")
    assert found == sleeper
    assert found.process is not None


def test_a_process_leads_a_session_of_its_own(sleeper: Record) -> None:
    assert os.getsid(sleeper.pid) == sleeper.pid, "closing the terminal would end it"


def test_a_recycled_pid_is_not_taken_for_the_component(sleeper: Record) -> None:
    earlier = replace(sleeper, started=sleeper.started - 60)
    assert earlier.process is None


def test_a_recycled_pid_is_never_signalled(sleeper: Record) -> None:
    processes.stop(replace(sleeper, started=sleeper.started - 60))
    assert psutil.pid_exists(sleeper.pid), "a stranger's process was killed"
    assert sleeper.process is not None


def test_a_killed_child_does_not_look_alive_as_a_zombie(sleeper: Record) -> None:
    os.kill(sleeper.pid, 9)
    time.sleep(0.05)
    assert sleeper.process is None


def test_a_process_that_ignores_the_polite_signal_is_killed(tmp_path: Path) -> None:
    script = 'trap "" TERM; echo ready; while :; do sleep 0.05; done'
    record = processes.spawn(["/bin/sh", "-c", script], ENVIRONMENT, tmp_path / "stubborn.log")
    while "ready" not in (tmp_path / "stubborn.log").read_text():
        time.sleep(0.01)
    processes.stop(record, patience=0.2)
    assert record.process is None


def test_a_process_without_a_record_is_found_by_the_folder_in_its_arguments(tmp_path: Path) -> None:
    log = tmp_path / "followed.log"
    log.touch()
    record = processes.spawn(["/usr/bin/tail", "-f", str(log)], ENVIRONMENT, tmp_path / "tail.log")
    try:
        assert record.pid in [stray.pid for stray in processes.strays("tail", tmp_path)]
        assert processes.strays("tail", tmp_path / "another") == []
        assert processes.strays("head", tmp_path) == []
    finally:
        processes.stop(record)


@pytest.mark.parametrize("content", ["", "12345", '{"pid": 12', '{"pid": 1, "started": "x", "command": []}'])
def test_a_broken_pid_file_counts_as_no_process(tmp_path: Path, content: str) -> None:
    (tmp_path / "etcd.json").write_text(content)
    assert processes.read(tmp_path / "etcd.json") is None
