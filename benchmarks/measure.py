"""Timing whole processes: two commands in turn, the kernel's own accounting of each, medians and their ratio."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_MIB = 1024


@dataclass(frozen=True)
class Figures:
    """One finished process: elapsed and CPU seconds, peak memory in MiB."""

    seconds: float
    cpu: float
    memory: float


@dataclass(frozen=True)
class Command:
    """A process to measure; its output is thrown away, and it must succeed."""

    title: str
    arguments: Sequence[str]
    folder: str | None = None
    variables: Mapping[str, str] | None = None

    def measure(self) -> Figures:
        """Run it once. Raises SystemExit with what it said if it fails."""
        start = time.perf_counter()
        environment = {**os.environ, **(self.variables or {})}
        process = subprocess.Popen(
            self.arguments, cwd=self.folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        errors = process.stderr.read() if process.stderr else b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"{self.title}: exit status {process.returncode}\n{errors.decode()[-2000:]}")
        return Figures(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / _MIB)


def compare(ours: Command, floor: Command, *, runs: int, most: float) -> None:
    """Run both in turn, once to warm up and `runs` times counted, and print medians and ratios.

    `most` is the ratio that is aimed at; it is printed beside what was measured, and judged by whoever reads it.
    """
    ours.measure()
    floor.measure()
    pairs = [(ours.measure(), floor.measure()) for _ in range(runs)]
    for name in ("seconds", "cpu", "memory"):
        mine = statistics.median(getattr(one, name) for one, _ in pairs)
        theirs = statistics.median(getattr(other, name) for _, other in pairs)
        ratio = statistics.median(getattr(one, name) / getattr(other, name) for one, other in pairs)
        print(f"{name:8} {ours.title} {mine:8.2f}   {floor.title} {theirs:8.2f}   ratio {ratio:.2f} (aim ≤ {most})")
