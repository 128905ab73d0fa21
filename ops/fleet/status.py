"""`ops fleet status`: every cluster of an environment in one table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.table import Table

from graph.manifests import manifests
from ops.console import console
from ops.errors import EXIT_FAILURE
from ops.fleet.environment import FleetEnvironment, Member, in_parallel
from ops.fleet.usage import Usage, ready
from ops.kubectl import ClusterError, Kubectl
from ops.live.drift import as_deployed, find_drift
from ops.live.lookup import raw
from ops.live.waiting import State

_RUNNING = "/api/v1/pods?fieldSelector=status.phase!%3DSucceeded,status.phase!%3DFailed"
_GIB = 2**30


@dataclass(kw_only=True)
class Health:
    """A system's workloads: how many are available, of how many."""

    available: int
    total: int


@dataclass(kw_only=True)
class Drift:
    """Objects that are not as declared, by what a deployment would do about them."""

    missing: int
    changed: int
    undeclared: int

    def __str__(self) -> str:
        parts = [f"{count} {what}" for what, count in asdict(self).items() if count]
        return ", ".join(parts) or "none"


@dataclass(kw_only=True)
class ClusterStatus:
    """A row. What could not be found out is None, and `problem` says why."""

    cluster: str
    region: str
    version: str | None = None
    nodes_ready: int | None = None
    nodes: int | None = None
    usage: Usage | None = None
    systems: dict[str, Health] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    drift: Drift | None = None
    problem: str | None = None

    @property
    def healthy(self) -> bool:
        """Whether it answered, and all its nodes and all systems' workloads are available; drift does not matter."""
        available = all(one.available == one.total for one in self.systems.values())
        return self.problem is None and self.nodes_ready == self.nodes and available


def run(stack: str, output: str) -> int:
    """Print all clusters; returns 1 unless all are healthy."""
    rows = in_parallel(_status, FleetEnvironment.of(stack).members)
    if output == "json":
        print(json.dumps([asdict(row) | {"healthy": row.healthy} for row in rows], indent=2))
    else:
        _print(rows)
    return 0 if all(row.healthy for row in rows) else EXIT_FAILURE


def _status(member: Member) -> ClusterStatus:
    found = ClusterStatus(cluster=member.name, region=member.config.region)
    found.versions = {
        system: f"{one.version}{' (unfinished)' if one.pending else ''}"
        for system, one in member.config.versions.items()
    }
    try:
        _look(member, found)
    except ClusterError as error:
        found.problem = str(error)
    return found


def _look(member: Member, found: ClusterStatus) -> None:
    """Fill in as much as the cluster tells. Raises ClusterError at what it does not."""
    kubectl = member.kubectl
    found.version = str(raw(kubectl, "/version")["gitVersion"])
    nodes = raw(kubectl, "/api/v1/nodes")["items"]
    found.nodes, found.nodes_ready = len(nodes), ready(nodes)
    metrics = _metrics(kubectl)
    found.usage = Usage.of(nodes, metrics, raw(kubectl, _RUNNING)["items"] if metrics is None else [])
    found.systems = _health(member.state())
    # The program is compared with the cluster: the state of its deployments may be on another machine.
    declared = manifests(member.graph)
    drift = find_drift(member.lookup, declared, as_deployed(declared))
    found.drift = Drift(
        missing=len(drift.missing),
        changed=len({*drift.stale}) - len(drift.missing) + len(drift.added),
        undeclared=len(drift.strays),
    )


def _health(state: State) -> dict[str, Health]:
    """By system, whose namespace bears its name."""
    found: dict[str, Health] = {}
    for (_, namespace, _), one in sorted(state.items(), key=lambda item: item[0][1]):
        health = found.setdefault(namespace, Health(available=0, total=0))
        health.total += 1
        health.available += one.done
    return found


def _metrics(kubectl: Kubectl) -> Any:
    try:
        return raw(kubectl, "/apis/metrics.k8s.io/v1beta1/nodes")["items"]
    except ClusterError:
        # Not served, or its server is down: what pods have reserved is known anyway.
        return None


def _print(rows: Sequence[ClusterStatus]) -> None:
    out = console()
    table = Table(box=None, pad_edge=False)
    for column in ("cluster", "region", "Kubernetes", "nodes", "CPU", "memory", "systems", "drift"):
        table.add_column(column, no_wrap=column != "systems")
    for row in rows:
        table.add_row(*_cells(row))
    out.print(table)
    if any(row.usage and row.usage.source == "requests" for row in rows):
        out.print("* reserved by pods' requests: metrics.k8s.io does not answer there", style="dim")
    for row in rows:
        if row.problem:
            out.print(f"{row.cluster}: {row.problem}", style="red", markup=False)


def _cells(row: ClusterStatus) -> list[str]:
    if row.version is None:
        return [row.cluster, row.region, "[red]unreachable[/red]"]
    cpu, memory = _used(row.usage) if row.usage else ("", "")
    systems = ", ".join(_system(row, name, one) for name, one in row.systems.items())
    nodes = _coloured(f"{row.nodes_ready}/{row.nodes}", row.nodes_ready == row.nodes)
    drift = _coloured(str(row.drift), str(row.drift) == "none") if row.drift else "unknown"
    return [row.cluster, row.region, row.version, nodes, cpu, memory, systems, drift]


def _system(row: ClusterStatus, name: str, health: Health) -> str:
    count = _coloured(f"{health.available}/{health.total}", health.available == health.total)
    return " ".join(filter(None, (name, row.versions.get(name, ""), count)))


def _used(usage: Usage) -> tuple[str, str]:
    mark = "*" if usage.source == "requests" else ""
    memory = f"{usage.memory_used / _GIB:.1f}/{usage.memory_allocatable / _GIB:.1f} GiB{mark}"
    return f"{usage.cpu_used:.1f}/{usage.cpu_allocatable:.1f}{mark}", memory


def _coloured(text: str, good: bool) -> str:
    colour = "green" if good else "yellow"
    return f"[{colour}]{text}[/{colour}]"
