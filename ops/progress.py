"""How a deployment's progress is shown: a live table in a terminal, a line for each change in a log."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from ops.engines.changes import title_of
from ops.engines.waiting import State


def table(state: State, title: str | None = None) -> Table:
    """Workloads with how many of their replicas are available."""
    rows = Table(title=title, box=None, pad_edge=False, title_justify="left")
    for column in ("workload", "namespace", "available", ""):
        rows.add_column(column, no_wrap=column != "")
    for (kind, namespace, name), one in sorted(state.items()):
        colour = "green" if one.done else "yellow"
        rows.add_row(f"{kind} {name}", namespace, f"[{colour}]{one.ready}/{one.wanted}[/{colour}]", one.reason)
    return rows


class Silent:
    """Shows nothing: for whoever only looks."""

    def wave(self, number: int, of: int, objects: int) -> None:
        """Nothing."""

    def waiting(self, state: State) -> None:
        """Nothing."""


class DeploymentProgress:
    """Shows each wave and what it waits for. Use as a context manager."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, transient=True, refresh_per_second=4) if console.is_terminal else None
        self._title = ""
        self._done: set[str] = set()

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def wave(self, number: int, of: int, objects: int) -> None:
        """Announce a wave."""
        self._title = f"wave {number} of {of}: {objects} objects"
        self._console.print(self._title, style="dim")

    def waiting(self, state: State) -> None:
        """Show what is waited for."""
        if self._live:
            self._live.update(table(state, self._title) if state else "")
            return
        for key, one in sorted(state.items()):
            title = title_of(key)
            if one.done and title not in self._done:
                self._done.add(title)
                self._console.print(f"  {title}: {one.ready}/{one.wanted} available")
