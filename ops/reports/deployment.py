"""What `ops up` says at its end: what was changed, what runs, and what can be done next."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from graph.model import Graph
from ops.clusters import Cluster
from ops.live.waiting import State
from ops.progress import table
from ops.reports.counts import headline

# As many are named; how many more there are is said.
_NAMED = 40


def done_so_far(out: Console, titles: Sequence[str], what: str) -> None:
    """Say what a run that ended early has done, and that it stays."""
    if titles:
        out.print(f"{what} before the end, and kept so: {len(titles)} objects")
        for title in titles[:_NAMED]:
            out.print(f"  {title}", style="dim", markup=False)
        if len(titles) > _NAMED:
            out.print(f"  … and {len(titles) - _NAMED} more", style="dim")


def report(out: Console, graph: Graph, cluster: Cluster, changes: str, state: State | None) -> None:
    """Say what was changed and, with the workloads' `state`, what runs and what can be done next."""
    stack = graph.stack
    if state is None:
        out.print(f"{stack} on {cluster.title}: {changes}")
        return
    out.print(table(state))
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
