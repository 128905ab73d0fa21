"""`ops canary watch` in a test: its first table is waited for, and the rest is read when it has ended."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field

from tests.sandbox.project import Project

# What stands in a row: version, weight, %, pods, revision, error rate, %, P95, s.
_WEIGHT, _ERRORS, _LATENCY = 1, 5, 7


@dataclass
class Watch:
    """A watch of one application, and the words of each line that it has printed."""

    process: subprocess.Popen[str]
    lines: list[list[str]] = field(default_factory=list)

    def shown(self) -> None:
        """Wait until both versions have been shown once."""
        while not self._rows("candidate"):
            assert self._read(), self.lines

    def ended(self) -> int:
        """Read to the end; returns the exit status."""
        while self._read():
            pass
        assert self.process.stdout
        self.process.stdout.close()
        return self.process.wait(timeout=60)

    def weights(self) -> list[tuple[int, int]]:
        """Both versions' shares in each table."""
        pairs = zip(self._rows("stable"), self._rows("candidate"), strict=True)
        return [(int(stable[_WEIGHT]), int(candidate[_WEIGHT])) for stable, candidate in pairs]

    def metrics(self, version: str) -> tuple[float, float]:
        """The first error rate in percent and P95 in seconds that were shown of a version."""
        row = self._rows(version)[0]
        return float(row[_ERRORS]), float(row[_LATENCY])

    def _rows(self, version: str) -> list[list[str]]:
        return [line for line in self.lines if line[:1] == [version]]

    def _read(self) -> bool:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if line:
            self.lines.append(line.split())
        return bool(line)


def watch(project: Project, application: str, prometheus: str) -> Watch:
    """Begin to watch, and wait for the first table."""
    begun = Watch(project.started("canary", "watch", application, "--prometheus", prometheus))
    begun.shown()
    return begun
