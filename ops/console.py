"""How commands print: one console, plain when standard output is no terminal."""

from __future__ import annotations

from rich.console import Console

# Wide enough in a log that a line is never folded there.
_LOG_WIDTH = 160


def console() -> Console:
    """Standard output."""
    out = Console(highlight=False, soft_wrap=True)
    return out if out.is_terminal else Console(highlight=False, soft_wrap=True, width=_LOG_WIDTH)
