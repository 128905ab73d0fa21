"""`ops canary` and `ops switch`: what a person does with a release."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.table import Table

from ops.console import console
from ops.errors import EXIT_FAILURE
from ops.releases import manual
from ops.releases.driver import Driver
from ops.releases.find import Found, find
from ops.releases.state import NothingToDoError, RefusedError, Rollout, World
from ops.releases.view import Tally, look

_WATCH_SECONDS = 2.0
_ENDED_WELL = ("promoted", "Succeeded", "Initialized", "nothing is being released")


def status(stack: str, context: str | None, application: str, prometheus: str | None) -> int:
    """Show a release: weights, and the metrics of both versions."""
    console().print(look(find(stack, context, application, prometheus)).table)
    return 0


def watch(stack: str, context: str | None, application: str, prometheus: str | None) -> int:
    """Show the same until the release has ended; returns 1 if it was taken back. Carries nothing on by itself."""
    found, out = find(stack, context, application, prometheus), console()
    with _screen(out) as show:
        while True:
            seen = look(found)
            show(seen.table)
            if seen.ended:
                break
            time.sleep(_WATCH_SECONDS)
    out.print(seen.ended)
    return 0 if seen.ended in _ENDED_WELL else EXIT_FAILURE


@contextlib.contextmanager
def _screen(out: Console) -> Iterator[Callable[[Table], None]]:
    """Where tables are shown: each in place of the one before it, or in a log one after the other."""
    if not out.is_terminal:
        yield out.print
        return
    from rich.live import Live

    with Live(console=out, refresh_per_second=4) as live:
        yield live.update


def start(stack: str, context: str | None, application: str, prometheus: str | None) -> int:
    """Release what is declared, or go on with it, until it has ended; returns 1 if it was taken back."""
    found, out = find(stack, context, application, prometheus), console()
    if found.controlled:
        out.print("Flagger starts by itself when another version is declared: `make up`, then `ops canary watch`")
        return 0
    return _carry_on(found, out, manual.start)


def promote(stack: str, context: str | None, application: str, prometheus: str | None) -> int:
    """Make the candidate stable now; returns 1 if that is not what came of it."""
    found, out = find(stack, context, application, prometheus), console()
    if not found.controlled:
        return _carry_on(found, out, manual.promote)
    flagger = found.flagger()
    try:
        flagger.promote()
    except NothingToDoError as reason:
        out.print(str(reason))
    while not flagger.settle():
        time.sleep(_WATCH_SECONDS / 4)
    out.print(f"{found.title}: {flagger.read()['status']['phase']}")
    return 0


def abort(stack: str, context: str | None, application: str, prometheus: str | None) -> int:
    """Give all traffic back to the stable version."""
    found, out = find(stack, context, application, prometheus), console()
    if not found.controlled:
        _carry_on(found, out, manual.abort)
        return 0
    flagger = found.flagger()
    if not flagger.stable_ready():
        raise RefusedError("the stable version has no ready pod: the traffic stays where it is")
    try:
        flagger.abort()
    except NothingToDoError as reason:
        out.print(str(reason))
        return 0
    while not flagger.aborted():
        time.sleep(_WATCH_SECONDS / 4)
    out.print(f"{found.title}: taken back; all traffic is on the stable version")
    return 0


def switch(stack: str, context: str | None, application: str, prometheus: str | None, *, back: bool) -> int:
    """Blue-green: switch to what is declared, or with `back` return to the version before while it is still there."""
    return (abort if back else start)(stack, context, application, prometheus)


def _carry_on(found: Found, out: Console, command: Callable[[Rollout, World], Rollout]) -> int:
    tally = Tally(out)
    driver = Driver(found.cluster(), found.checks, tally.tell)
    try:
        driver.command(command)
    except NothingToDoError as reason:
        out.print(str(reason))
        # What a killed command has left behind goes all the same.
        driver.run()
        return 0
    ended = driver.run()
    out.print(f"{found.title}: {ended.reason}")
    return 0 if ended.reason == "promoted" else EXIT_FAILURE
