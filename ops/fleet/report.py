"""What a roll-out says of where it is."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from rich.table import Table

from stacks.schema.fleet import SystemVersion


def versions_table(versions: Mapping[str, SystemVersion], failed: str | None, reached: Collection[str]) -> Table:
    """Every cluster with its version and what became of it."""
    rows = Table(box=None, pad_edge=False)
    for column in ("cluster", "version", "before", ""):
        rows.add_column(column)
    for name, one in versions.items():
        state = "[red]failed[/red]" if name == failed else "[green]done[/green]" if name in reached else "not touched"
        rows.add_row(name, one.version, one.before or "", state)
    return rows


def stopped(reason: str, cluster: str, environment: str, system: str, command: str) -> str:
    """Why a roll-out stopped, and how to go on or back."""
    verb, _, options = command.partition(" ")
    again = " ".join(filter(None, (f"python -m ops fleet {verb} {system} -s {environment}", options)))
    lines = [f"stopped at {cluster}: {reason}", f"On, once that is mended:  {again}"]
    if verb == "upgrade":
        lines.append(f"Back:  python -m ops fleet rollback {system} -s {environment}")
    return "\n".join(lines)
