"""`ops up`, `ops down` and `ops status`: from the preview to what runs. Pulumi deploys; see `ops.engine`."""

from __future__ import annotations

from rich.console import Console

from graph.manifests import manifests
from graph.model import Graph
from graph.record import record
from ops.clusters import cluster_of
from ops.console import console
from ops.engine.run_lock import exclusive_run
from ops.errors import EXIT_FAILURE, OperationError
from ops.live.lookup import Lookup
from ops.live.waiting import Waiting
from ops.progress import Silent, table
from ops.reports.text import capacity_text, findings_text, tree
from policy.engine.evaluation import evaluate

# How deep the preview before a deployment shows the tree: the components and no single objects.
_PREVIEW_DEPTH = 2


def up(
    stack: str,
    context: str | None,
    timeout: int,
    *,
    brief: bool = False,
    system: str | None = None,
    yes: bool = False,
    adopt: bool = False,
) -> int:
    """Preview, deploy, wait, and say what runs; returns 1 if a mandatory policy refuses it.

    `brief` is for a deployment that is a step of something larger: only what it changed is said, and only what loses
    data or ends a workload is asked. With `system`, nothing but that system's own objects is changed. `yes` answers
    every question, `adopt` takes over the objects of an environment whose state is lost.
    """
    out = console()
    select_context(context)
    graph = record(stack)
    if "cluster" in graph.outputs and graph.outputs["delivery"] == "argocd":
        raise OperationError(f"{stack} is delivered by Argo CD, which would take back what is deployed here")
    if not _preview(out, graph, brief):
        return EXIT_FAILURE
    from ops.engine.run import Run

    cluster = cluster_of(graph)
    with (
        exclusive_run(stack, cluster, "up"),
        Run.opened(graph, cluster, out, timeout=timeout, adopting=adopt) as run,
    ):
        run.up(system=system, yes=yes, brief=brief)
    return 0


def down(stack: str, context: str | None, timeout: int, *, yes: bool = False, adopt: bool = False) -> int:
    """Remove what `up` created; the sandbox stops with the last environment in it.

    `yes` answers every question, `adopt` removes too what a lost state does not know.
    """
    out = console()
    select_context(context)
    graph = record(stack)
    cluster = cluster_of(graph)
    from ops.engine.run import Run

    with exclusive_run(stack, cluster, "down"):
        if cluster.is_sandbox and not _sandbox_runs():
            out.print("The sandbox does not run: nothing to remove.")
            return 0
        with Run.opened(graph, cluster, out, timeout=timeout, adopting=adopt) as run:
            run.down(yes=yes)
            if cluster.is_sandbox:
                _stop_sandbox(run.others(), out)
    return 0


def status(stack: str, context: str | None) -> int:
    """Show the workloads of an environment; returns 1 unless all are available."""
    out = console()
    select_context(context)
    graph = record(stack)
    cluster = cluster_of(graph)
    if cluster.is_sandbox and not _sandbox_runs():
        out.print(f"{stack}: the sandbox does not run; `make up ENV={stack}` starts it")
        return EXIT_FAILURE
    declared = manifests(graph)
    lookup = Lookup(cluster.kubectl(), graph.environment)
    state = Waiting(lookup, declared, Silent(), timeout=0).state(declared)
    out.print(table(state))
    return 0 if all(one.done for one in state.values()) else EXIT_FAILURE


def select_context(context: str | None) -> None:
    """Make the program deploy to a context of the user's kubeconfig."""
    import os

    from stacks.schema.environment import CONTEXT_VARIABLE

    if context:
        os.environ[CONTEXT_VARIABLE] = context


def _preview(out: Console, graph: Graph, brief: bool) -> bool:
    findings = evaluate(graph)
    if not brief:
        out.print(tree(graph, _PREVIEW_DEPTH))
        out.print(capacity_text(graph))
        out.print(findings_text(findings))
        out.print()
    if any(finding.blocks for finding in findings):
        preview = f"make preview ENV={graph.stack}"
        out.print(f"Not deployed: a mandatory policy is violated. `{preview}` shows everything.", style="red")
        return False
    return True


def _sandbox_runs() -> bool:
    from sandbox import Sandbox

    return Sandbox().running


def _stop_sandbox(others: list[str], out: Console) -> None:
    from sandbox import Sandbox

    if others:
        out.print(f"The sandbox goes on: {', '.join(others)} is in it too")
        return
    Sandbox().down()
    out.print("The sandbox has stopped; `python -m sandbox reset` also removes its data.")
