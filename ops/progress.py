"""How a deployment's progress is shown: a live table in a terminal, a line for each change in a log."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from ops.live.waiting import State

# In a log, a line after so many seconds.
_LOG_SECONDS = 10.0
_WORDS = {
    "create": "creating",
    "update": "changing",
    "delete": "removing",
    "replace": "replacing",
    "refresh": "reading",
}


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

    def waiting(self, state: State) -> None:
        """Nothing."""


class DeploymentProgress:
    """Shows how many resources the engine has done, and then what is waited for. Use as a context manager.

    `expected` is how many there are to do; 0 if that is not known.
    """

    def __init__(self, console: Console, expected: int = 0) -> None:
        self._console = console
        self._live = Live(console=console, transient=True, refresh_per_second=4) if console.is_terminal else None
        self._expected, self._number = expected, 0
        self._said = time.monotonic()

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def note(self, event: Any) -> None:
        """Take an event of the engine."""
        after = event.res_outputs_event
        if after is None or after.metadata.op.value not in _WORDS:
            return
        self._number += 1
        of = f" of {self._expected}" if self._expected >= self._number else ""
        kind, _, name = after.metadata.urn.rpartition("::")
        line = f"{self._number}{of}: {_WORDS[after.metadata.op.value]} {kind.rpartition(':')[2]} {name}"
        if self._live:
            self._live.update(line)
        elif time.monotonic() - self._said > _LOG_SECONDS:
            self._said = time.monotonic()
            self._console.print(f"  {line}", markup=False)

    def waiting(self, state: State) -> None:
        """Show what is waited for, where there is a terminal for a table that changes."""
        if self._live:
            self._live.update(table(state) if state else "")
