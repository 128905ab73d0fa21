"""`ops preview`: the recorded environment and what the policies say of it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

# The program that is going to be recorded: imported with the rest, and not in the middle of the recording.
import stacks.environment  # noqa: F401
from graph.record import record
from policy.engine.evaluation import evaluate
from stacks.schema.errors import ConfigurationError

if TYPE_CHECKING:
    from graph.model import Graph
    from policy.engine.evaluation import Finding

OK, VIOLATIONS = 0, 1


def run(stack: str, output: str, depth: int, *, engine: bool = False) -> int:
    """Print the preview; returns 1 if a mandatory policy is violated. With `engine`, that of Pulumi's engine.

    A comment also says what an invalid configuration is refused for, since it is all that a pull request shows.
    """
    try:
        graph = record(stack)
    except ConfigurationError as error:
        if output == "markdown":
            _write_refusal(stack, error)
        raise
    if engine:
        return _ask_engine(graph)
    findings = evaluate(graph)
    writers = {"json": _write_json, "markdown": _write_markdown, "text": _write_text}
    writers[output](graph, findings, depth)
    return VIOLATIONS if any(finding.blocks for finding in findings) else OK


def _ask_engine(graph: Graph) -> int:
    """What `up` would do in the cluster as it is, and what the policy pack says of that."""
    from ops.clusters import cluster_of
    from ops.console import console
    from ops.engine.run import Run
    from ops.engine.run_lock import exclusive_run

    cluster = cluster_of(graph)
    with (
        exclusive_run(graph.stack, cluster, "preview"),
        Run.opened(graph, cluster, console(), timeout=0, adopting=False) as asked,
    ):
        asked.preview()
    return OK


def _write_json(graph: Graph, findings: Sequence[Finding], _depth: int) -> None:
    import json
    from dataclasses import asdict

    from graph.model import listing, masked
    from ops.capacity import report

    document = {
        "environment": graph.stack,
        "capacity": list(report(graph).lines),
        "outputs": masked(graph.outputs),
        "resources": listing(graph),
        "findings": [asdict(finding) for finding in findings],
    }
    json.dump(document, sys.stdout, indent=2, sort_keys=True, default=str)
    sys.stdout.write("\n")


def _write_markdown(graph: Graph, findings: Sequence[Finding], _depth: int) -> None:
    from ops.reports.markdown import markdown

    sys.stdout.write(markdown(graph, findings))


def _write_refusal(stack: str, error: ConfigurationError) -> None:
    from ops.reports.markdown import refusal

    sys.stdout.write(refusal(stack, str(error)))


def _write_text(graph: Graph, findings: Sequence[Finding], depth: int) -> None:
    from ops.console import console
    from ops.reports.text import capacity_text, findings_text, tree

    out = console()
    out.print(tree(graph, depth))
    out.print(capacity_text(graph))
    out.print(findings_text(findings))
