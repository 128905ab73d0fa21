"""`ops up`, `ops down` and `ops status`: from the preview to what runs."""

from __future__ import annotations

import shutil

from rich.console import Console

from graph.manifests import manifests
from graph.model import Graph
from graph.record import record
from ops.clusters import Cluster, cluster_of
from ops.console import console
from ops.eks import check_upgrades
from ops.engines.passwords import PasswordFile
from ops.engines.recorded import RecordedEngine
from ops.errors import EXIT_FAILURE, OperationError
from ops.operators import refuse_releases
from ops.progress import DeploymentProgress, table
from ops.reports.deployment import applied_so_far, report
from ops.reports.text import findings_text, tree
from policy.evaluation import evaluate

# How deep the preview before a deployment shows the tree: the components and no single objects.
_PREVIEW_DEPTH = 2


def up(stack: str, context: str | None, timeout: int, *, brief: bool = False, system: str | None = None) -> int:
    """Preview, deploy, wait, and say what runs; returns 1 if a mandatory policy refuses it.

    `brief` is for a deployment that is a step of something larger: only what it changed is said. With `system`, nothing
    but that system's own objects is changed.
    """
    out = console()
    select_context(context)
    graph = record(stack)
    if "cluster" in graph.outputs and graph.outputs["delivery"] == "argocd":
        raise OperationError(f"{stack} is delivered by Argo CD, which would take back what is deployed here")
    if not _preview(out, graph, brief):
        return EXIT_FAILURE
    cluster = cluster_of(graph)
    if cluster.is_sandbox:
        start_sandbox(graph)
    if shutil.which("pulumi"):
        return _deploy_with_pulumi(graph, cluster, out, timeout, brief, system=system)
    if cluster.eks is not None:
        raise OperationError(
            f"pulumi is not on PATH, and {cluster.title} is made by it alone: install it from "
            "https://www.pulumi.com/docs/install/, or name a cluster that is there: make up CONTEXT=…"
        )
    refuse_releases(graph)
    if not brief:
        out.print("No pulumi on PATH: deploying with kubectl (the recorded engine)", style="dim")
    return _deploy(stack, cluster, out, timeout, brief, system=system)


def _deploy_with_pulumi(
    graph: Graph, cluster: Cluster, out: Console, timeout: int, brief: bool, *, system: str | None
) -> int:
    from ops.engines.pulumi import PulumiEngine
    from ops.engines.targets import targets

    if not brief:
        out.print("Pulumi is on PATH: deploying with it", style="dim")
    pulumi = PulumiEngine(graph, cluster, out)
    deployed = pulumi.deployed() if cluster.eks is not None else None
    if deployed is not None:
        check_upgrades(graph, deployed)
    engine = _engine(graph, cluster, out, timeout)
    engine.system = system
    # A cluster that this update is going to make has nothing yet that could not be changed.
    if deployed is None or deployed:
        engine.refuse(engine.live())
    changes = pulumi.up(targets(graph, deployed or pulumi.deployed(), system) if system else None)
    # Pulumi is done once each Deployment is available; its autoscaler may still be adding replicas.
    with DeploymentProgress(out) as engine.progress:
        engine.wait(engine.selected)
    report(out, graph, cluster, changes, None if brief else engine)
    return 0


def _deploy(stack: str, cluster: Cluster, out: Console, timeout: int, brief: bool, *, system: str | None) -> int:
    """Deploy with the recorded engine. Only here do generated passwords exist in memory."""
    graph = record(stack, PasswordFile(stack, cluster.context).password)
    engine = _engine(graph, cluster, out, timeout)
    engine.system = system
    try:
        engine.kubectl.check()
        with DeploymentProgress(out) as engine.progress:
            changes = engine.deploy()
    except OperationError as error:
        applied_so_far(out, engine.changes)
        raise OperationError(redact(str(error), graph)) from None
    report(out, graph, cluster, str(changes), None if brief else engine)
    return 0


def down(stack: str, context: str | None, timeout: int) -> int:
    """Remove what `up` created, with the engine that `up` would use; the sandbox stops with its environment."""
    out = console()
    select_context(context)
    graph = record(stack)
    cluster = cluster_of(graph)
    if cluster.is_sandbox and not _sandbox_runs():
        out.print("The sandbox does not run: nothing to remove.")
        return 0
    if shutil.which("pulumi"):
        from ops.engines.pulumi import PulumiEngine

        out.print(f"{PulumiEngine(graph, cluster, out).down()} resources removed by Pulumi")
        if cluster.eks is not None:
            # The cluster went with all that was in it.
            return 0
    engine = _engine(graph, cluster, out, timeout)
    engine.kubectl.check()
    _refuse_retained(engine)
    changes = engine.remove()
    PasswordFile(stack, cluster.context).remove()
    out.print(f"{len(changes.removed)} objects removed from {cluster.title}")
    if cluster.is_sandbox:
        from sandbox import Sandbox

        Sandbox().down()
        out.print("The sandbox has stopped; `python -m sandbox reset` also removes its data.")
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
    state = _engine(graph, cluster, out, timeout=0).state()
    out.print(table(state))
    return 0 if all(one.done for one in state.values()) else EXIT_FAILURE


def select_context(context: str | None) -> None:
    """Make the program deploy to a context of the user's kubeconfig."""
    import os

    from stacks.config import CONTEXT_VARIABLE

    if context:
        os.environ[CONTEXT_VARIABLE] = context


def start_sandbox(graph: Graph) -> None:
    """Start the local control plane with the nodes that the environment is meant for."""
    from sandbox import Sandbox, SandboxError

    try:
        Sandbox().up(**graph.outputs["capacity"])
    except SandboxError as error:
        raise OperationError(str(error)) from error


def redact(text: str, graph: Graph) -> str:
    """`text` without any secret of the graph, should a tool have quoted one."""
    from graph.model import MASK, secrets_of

    # The longest first: one may be the beginning of another.
    for secret in sorted(secrets_of(graph), key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


def _engine(graph: Graph, cluster: Cluster, out: Console, timeout: int) -> RecordedEngine:
    return RecordedEngine(
        kubectl=cluster.kubectl(),
        environment=graph.environment,
        tier=str(graph.outputs["tier"]),
        manifests=manifests(graph),
        progress=DeploymentProgress(out),
        timeout=timeout,
    )


def _preview(out: Console, graph: Graph, brief: bool) -> bool:
    findings = evaluate(graph)
    if not brief:
        out.print(tree(graph, _PREVIEW_DEPTH))
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


def _refuse_retained(engine: RecordedEngine) -> None:
    kept = [one for one in engine.manifests if one.retained]
    live = engine.live(kept)
    present = [one.title for one in kept if one.key in live]
    if present:
        raise OperationError(
            "nothing was removed, since these are protected: " + ", ".join(present) + ". "
            "Removing them loses data; delete them yourself if that is what you want, then run this again"
        )
