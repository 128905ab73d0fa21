"""What `ops up` says at its end: what was changed, what runs, and what can be done next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from graph.model import Graph
from ops.clusters import Cluster
from ops.progress import table
from ops.reports.counts import headline

if TYPE_CHECKING:
    from ops.engines.changes import Changes
    from ops.engines.recorded import RecordedEngine


def applied_so_far(out: Console, changes: Changes) -> None:
    """Say what a deployment that failed has left in the cluster."""
    done = [*changes.created, *changes.changed]
    if done:
        out.print(f"Applied before the failure, and kept: {len(done)} objects")
        for title in done:
            out.print(f"  {title}", style="dim")


def report(out: Console, graph: Graph, cluster: Cluster, changes: str, engine: RecordedEngine | None) -> None:
    """Say what was changed and, with the engine to ask, what runs and what can be done next."""
    stack = graph.stack
    if engine is None:
        out.print(f"{stack} on {cluster.title}: {changes}")
        return
    out.print(table(engine.state()))
    out.print(f"\n[bold]{stack}[/bold] on {cluster.title}: {changes}  [dim]({headline(graph)})[/dim]")
    for name, value in graph.outputs.items():
        if name.endswith("_url"):
            out.print(f"  {name.removesuffix('_url')}: {value}")
    kubeconfig = (
        f"export KUBECONFIG={cluster.kubeconfig}"
        if cluster.kubeconfig
        else f"kubectl config use-context {cluster.context}"
    )
    out.print("\nNext:")
    out.print(f"  {kubeconfig} && kubectl get pods -A")
    itself = cluster.is_sandbox or cluster.eks is not None
    target = f"ENV={stack}" if itself else f"ENV={stack} CONTEXT={cluster.context}"
    out.print(f"  make status {target}    what runs")
    out.print(f"  make down {target}      remove all of it")
