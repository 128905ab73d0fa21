"""What an alert does when what it watches is gone, has finished, is idle or stopped on purpose, and how that is tried.

Each of the four is one of:

- `Fires`: it fires of these series, since nobody else would.
- `Silent`: it does not fire of these series, which look like the trouble and are none.
- `Ended`: its series end, and it with them: the reason why that is right, or the alert that tells of it.
- a text: why there is no such state.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from components.monitoring import promql
from components.monitoring.alerts import Alert
from tests.unit.observability.scenarios import firing, scenario
from tests.unit.observability.series import Series


class Fires(NamedTuple):
    series: Series


class Silent(NamedTuple):
    series: Series


class Ended(NamedTuple):
    """`told_by` is the alert that fires instead, if one must."""

    reason: str = ""
    told_by: str = ""


class Still(NamedTuple):
    """Nothing is counted any more: what was loud goes on without another event."""


State = Fires | Silent | Ended | Still | str


class States(NamedTuple):
    gone: State
    finished: State
    idle: State
    stopped: State


SERVER = "A server does not finish: its pods run until others take their place."
AS_GONE = "What is stopped tells nothing, as what is gone."
LEVEL = "A level is the same with requests and without."
ALWAYS_ON = "It is no part of an application, and nobody stops it on purpose."


def traffic(told_by: str, finished: State = SERVER) -> States:
    """Of rates: without requests there is nothing to divide by."""
    return States(Ended(told_by=told_by), finished, Still(), AS_GONE)


def level(told_by: str, *, idle: State = LEVEL, finished: State = SERVER, stopped: State = AS_GONE) -> States:
    """Of gauges of something that runs."""
    return States(Ended(told_by=told_by), finished, idle, stopped)


def presence(gone: Series, *, stopped: State = ALWAYS_ON) -> States:
    """Of what should be there."""
    return States(Fires(gone), SERVER, "It asks whether something is there, and not what it does.", stopped)


def ended(series: Series) -> Series:
    """The same for ten minutes, and then no more."""
    return {name: re.sub(r"x\d+$", "x9 stale", values) for name, values in series.items()}


def still(series: Series) -> Series:
    """Counters that stand still after ten minutes; gauges stay."""
    return {name: re.sub(r"^0\+([0-9.]+)x(\d+)$", _stands, values) for name, values in series.items()}


def _stands(match: re.Match[str]) -> str:
    return f"0+{match[1]}x9 {9 * float(match[1]):g}x{int(match[2]) - 10}"


def scenarios(alert: Alert, loud: Series, states: States) -> Iterator[dict[str, Any]]:
    """The trials of an alert whose `loud` series fire it."""
    duration = promql.seconds(alert.for_) / 60
    for state in states:
        match state:
            case Fires(series):
                yield scenario(series, firing(alert, duration + 15, True))
            case Silent(series):
                yield scenario(series, firing(alert, 85, False))
            case Ended():
                yield scenario(ended(loud), firing(alert, 85, False))
            case Still():
                yield scenario(still(loud), firing(alert, 85, False))


def problems(states: Mapping[tuple[str, str], States]) -> Iterator[str]:
    """Alerts that are said to tell of what is gone, and do not; and reasons that are none."""
    telling = {name for (_, name), one in states.items() if isinstance(one.gone, Fires)}
    for (place, name), one in states.items():
        for state in one:
            if isinstance(state, Ended) and state.told_by and state.told_by not in telling:
                yield f"{place}, {name}: {state.told_by} does not fire for what is gone"
            if isinstance(state, Ended) and not (state.told_by or state.reason):
                yield f"{place}, {name}: its series end, and nobody says why that is right"
            if isinstance(state, str) and len(state) < 20:
                yield f"{place}, {name}: {state!r} is no reason"
