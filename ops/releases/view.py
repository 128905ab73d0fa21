"""How a release is shown: a row for each version, and a line for each step."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from components.routing.metrics import TEMPLATES
from components.routing.release import Release
from ops.releases.checks import Reading
from ops.releases.cluster import Observation
from ops.releases.find import Found
from ops.releases.machine import Action, Move, Promote, Scale, Track


def observation_table(found: Found, seen: Observation) -> Table:
    """Both versions of a release that `ops canary` carries out."""
    title = f"{found.title}: {seen.rollout.phase}"
    if seen.rollout.reason:
        title += f" ({seen.rollout.reason})"
    rows = _table(title, seen.release)
    readings = found.checks.readings
    _row(rows, "stable", 100 - seen.weight, seen.world.stable, readings(seen.release, stable=True))
    _row(rows, "candidate", seen.weight, seen.world.candidate, readings(seen.release))
    return rows


def controlled_table(found: Found) -> Table:
    """What Flagger says of a release that it carries out."""
    canary = found.flagger().read()
    status, analysis = canary.get("status", {}), canary["spec"]["analysis"]
    rows = Table(title=f"{found.title}: {status.get('phase', 'not seen by Flagger yet')}", box=None, pad_edge=False)
    for column in ("weight", "checks", "failed", "of at most"):
        rows.add_column(column)
    figures = (status.get("canaryWeight", 0), status.get("iterations", 0), status.get("failedChecks", 0))
    rows.add_row(*map(str, (*figures, analysis["threshold"])))
    return rows


def _table(title: str, release: Release) -> Table:
    rows = Table(title=title, box=None, pad_edge=False, title_justify="left")
    for column in ("version", "weight", "pods", "revision", *(one.template for one in release.metrics)):
        rows.add_column(column, no_wrap=True)
    return rows


def _row(rows: Table, name: str, weight: int, track: Track, readings: Sequence[Reading]) -> None:
    pods = f"{track.updated}/{track.replicas}"
    rows.add_row(name, f"{weight} %", pods, track.revision, *map(_reading, readings))


def _reading(one: Reading) -> str:
    if one.value is None:
        return "no value"
    colour = "green" if one.good else "red"
    return f"[{colour}]{one.value:.3g} {TEMPLATES[one.template].unit}[/{colour}]"


class Tally:
    """Prints a line for each step of a release that is carried on."""

    def __init__(self, out: Console) -> None:
        self._out = out

    def tell(self, seen: Observation, action: Action | None) -> None:
        """Say what was done."""
        if isinstance(action, Move):
            rollout, exposure = action.rollout, action.rollout.exposure(seen.release)
            special = [name for name in ("matched", "mirrored") if getattr(exposure, name)]
            failures = f", {rollout.failures} failed checks" if rollout.failures else ""
            self._out.print(
                f"{rollout.phase}: candidate {exposure.weight} %{''.join(f', {s}' for s in special)}{failures}"
            )
        elif isinstance(action, Scale):
            self._out.print(f"{seen.rollout.phase}: candidate to {action.replicas} pods", style="dim")
        elif isinstance(action, Promote):
            self._out.print(f"{seen.rollout.phase}: stable to revision {action.revision}", style="dim")
