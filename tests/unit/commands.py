"""Commands run as a person runs them, in this process."""

from __future__ import annotations

import contextlib
import io
import sys
from dataclasses import dataclass
from functools import cache

import pytest
import typer.main

from ops.commands import main

# Typer makes all commands and their options anew for each call, which takes longer than most of the calls.
_made_once = cache(typer.main.get_command)


@dataclass(frozen=True)
class Outcome:
    """The exit status of a command and what it printed."""

    status: int
    out: str
    err: str


def ops(*arguments: str) -> Outcome:
    """`python -m ops ARGUMENTS`, with its exit status."""
    out, err = io.StringIO(), io.StringIO()
    status: object = 0
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setattr(sys, "argv", ["ops", *arguments])
        patch.setattr(typer.main, "get_command", _made_once)
        try:
            main()
        except SystemExit as end:
            status = end.code
    assert isinstance(status, int), f"exit status {status!r}"
    return Outcome(status, out.getvalue(), err.getvalue())
