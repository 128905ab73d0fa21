"""The one error that the sandbox raises for a person to read."""

from __future__ import annotations

from pathlib import Path


class SandboxError(Exception):
    """Something a person can act on: what happened, where, and what to do, one sentence a line."""


def with_log_tail(message: str, log: Path, lines: int = 15) -> SandboxError:
    """An error that quotes the last `lines` lines (default 15) of a log and names its path."""
    try:
        tail = log.read_text(errors="replace").splitlines()[-lines:]
    except OSError:
        tail = []
    quoted = "\n".join(f"    {line[:300]}" for line in tail) or "    (the log is empty)"
    return SandboxError(f"{message}\nThe last lines of its log:\n{quoted}\nThe whole log: {log}")
