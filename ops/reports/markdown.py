"""The preview as a comment on a pull request: what matters first, the rest folded away, nothing cut off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from graph.model import Graph, Resource
from ops.capacity import report
from ops.reports.counts import by_severity, headline, kinds, type_name

if TYPE_CHECKING:
    from policy.engine.evaluation import Finding


def markdown(graph: Graph, findings: Sequence[Finding]) -> str:
    """The whole comment. Its first line is a marker by which the next run finds and updates it."""
    blocking = sum(finding.blocks for finding in findings)
    verdict = (
        f"❌ {blocking} policy violations stop this deployment" if blocking else "✅ no mandatory policy is violated"
    )
    parts = [
        *_heading(graph.stack, verdict),
        headline(graph),
        _findings(findings),
        "\n".join(f"- {line}" for line in report(graph).lines),
        _folded(
            "Kinds", ["| kind | objects |", "|---|---|", *(f"| {kind} | {count} |" for kind, count in kinds(graph))]
        ),
        _folded("Resources", ["```text", *_tree(graph, graph.children[None][0]), "```"]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def refusal(stack: str, message: str) -> str:
    """The comment on an environment of which there is no preview; `message` says why."""
    # Indented, and not fenced: a line of the message could end a fence.
    lines = [f"    {line}" for line in message.splitlines()]
    return "\n\n".join([*_heading(stack, "❌ it cannot be deployed as it is"), "\n".join(lines)]) + "\n"


def _heading(stack: str, verdict: str) -> list[str]:
    return [f"<!-- preview:{stack} -->", f"### Preview of `{stack}`: {verdict}"]


def _findings(findings: Sequence[Finding]) -> str:
    if not findings:
        return "Policies: no findings."
    counts = ", ".join(f"{count} {severity}" for severity, count in by_severity(findings).items())
    rows = [_row(one) for one in findings]
    return "\n".join(
        [f"Policies: {counts}.", "", "| severity | level | rule | finding | exempt |", "|---|---|---|---|---|", *rows]
    )


def _row(one: Finding) -> str:
    cells = (one.severity.value, one.level.value, f"`{one.rule}`", one.message, str(one.exemption or ""))
    return f"| {' | '.join(cell.replace('|', '/').replace(chr(10), ' ') for cell in cells)} |"


def _folded(title: str, lines: Sequence[str]) -> str:
    return "\n".join([f"<details><summary>{title}</summary>", "", *lines, "", "</details>"])


def _tree(graph: Graph, resource: Resource, depth: int = 0) -> list[str]:
    name = resource.object_name[2] if resource.is_kubernetes_object else resource.name
    lines = [f"{'  ' * depth}{type_name(resource)} {name}"]
    for child in sorted(graph.children.get(resource.urn, ()), key=lambda one: (one.custom, one.type, one.name)):
        lines += _tree(graph, child, depth + 1)
    return lines
