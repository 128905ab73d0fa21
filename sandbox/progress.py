"""Shows a long build: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress


class BuildProgress:
    """Progress of building `total` programs, on standard error. Use as a context manager."""

    def __init__(self, total: int) -> None:
        # Imported here because most runs find everything built and show nothing.
        from rich.console import Console

        self._total = total
        self._console = Console(stderr=True, highlight=False)
        self._since = time.monotonic()
        self._live: Progress | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            from rich import progress

            self._live = progress.Progress(
                progress.SpinnerColumn(),
                progress.TextColumn("{task.description}"),
                progress.BarColumn(),
                progress.MofNCompleteColumn(),
                progress.TimeElapsedColumn(),
                console=self._console,
            )
            self._live.add_task("Building", total=self._total)
            self._live.start()
        self._say("Building programs from their Go modules: some minutes the first time.")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def waiting(self) -> None:
        """Another process builds at this moment."""
        self._say("Another build is under way; waiting for it.")

    def started(self, number: int, name: str) -> None:
        """The build of program `number` (from 1) of the total begins."""
        if self._live:
            self._live.update(self._live.task_ids[0], description=f"Building {name}")
        else:
            self._say(f"[{number}/{self._total}] building {name}")

    def finished(self, name: str) -> None:
        """The build of a program is complete."""
        if self._live:
            self._live.advance(self._live.task_ids[0])
        self._say(f"{name} is built ({time.monotonic() - self._since:.0f} s since the start)")

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False)
