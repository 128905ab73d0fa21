"""How a release is shown: a row for each version, and a line for each step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from components.traffic.flagger import PROVIDERS
from components.traffic.metric_templates import TEMPLATES
from components.traffic.release import Metric, Release
from ops.releases.checks import Reading
from ops.releases.cluster import Observation, live_weight, track_of
from ops.releases.find import Found
from ops.releases.flagger import phase_of
from ops.releases.state import Action, Move, Phase, Promote, Scale, Track

_NO_TRACK = Track(revision="", replicas=0, available=0, updated=0)


@dataclass(frozen=True)
class Look:
    """A release at one moment: both versions as a table, and how it has ended ("" while it goes on)."""

    table: Table
    ended: str


def look(found: Found) -> Look:
    """Read everything about a release and show it, whoever carries it out."""
    return _controlled(found) if found.controlled else _declared(found)


def _declared(found: Found) -> Look:
    seen = found.cluster().observe()
    rollout = seen.rollout
    title = f"{found.title}: {rollout.phase}" + (f" ({rollout.reason})" if rollout.reason else "")
    table = _table(found, title, seen.release, seen.weight, (seen.world.stable, seen.world.candidate))
    ended = (rollout.reason or "nothing is being released") if rollout.phase is Phase.IDLE else ""
    return Look(table, ended)


def _controlled(found: Found) -> Look:
    """Flagger's weights are in the route that it writes, its checks in the Canary's status."""
    flagger = found.flagger()
    canary, route = flagger.read(), flagger.route()
    status, phase = canary.get("status", {}), phase_of(canary)
    failed = f"{status.get('failedChecks', 0)} of {canary['spec']['analysis']['threshold']} failed checks"
    stable, candidate = (track_of(one) if one else _NO_TRACK for one in flagger.deployments())
    weight = live_weight(route, found.name) if route else 0
    table = _table(found, f"{found.title}: {phase} ({failed})", _measured(canary), weight, (stable, candidate))
    return Look(table, phase if phase in ("Succeeded", "Failed", "Initialized") else "")


def _measured(canary: Mapping[str, Any]) -> Release:
    """What a Canary says of its metrics."""
    provider = canary["spec"]["provider"]
    (mesh,) = [one for one, name in PROVIDERS.items() if name == provider]
    metrics = [one for one in canary["spec"]["analysis"]["metrics"] if one["name"] in TEMPLATES]
    return Release(
        strategy="canary",
        mesh=mesh,
        controller="flagger",
        window=metrics[0]["interval"],
        metrics=[Metric(template=one["name"], maximum=one["thresholdRange"]["max"]) for one in metrics],
    )


def _table(found: Found, title: str, release: Release, weight: int, tracks: tuple[Track, Track]) -> Table:
    rows = Table(title=title, box=None, pad_edge=False, title_justify="left")
    for column in ("version", "weight", "pods", "revision", *(one.template for one in release.metrics)):
        rows.add_column(column, no_wrap=True)
    stable, candidate = tracks
    _row(rows, "stable", 100 - weight, stable, found.checks.readings(release, stable=True))
    _row(rows, "candidate", weight, candidate, found.checks.readings(release))
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
