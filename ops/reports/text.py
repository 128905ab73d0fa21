"""The preview in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group
from rich.markup import escape
from rich.text import Text
from rich.tree import Tree

from graph.model import Graph, Resource
from ops.capacity import report
from ops.reports.counts import below, by_severity, headline, kinds, type_name

if TYPE_CHECKING:
    from policy.engine.evaluation import Finding

_COLOURS = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan"}


def tree(graph: Graph, depth: int) -> Group:
    """The tree of components and resources, with counts."""
    (stack,) = graph.children[None]
    root = Tree(f"[bold]{stack.name}[/bold]  [dim]{headline(graph)}[/dim]")
    _grow(root, graph, stack, depth)
    summary = ", ".join(f"{count} {kind}" for kind, count in kinds(graph))
    return Group(root, Text(), Text(f"Objects: {summary}", style="dim"))


def _grow(branch: Tree, graph: Graph, parent: Resource, depth: int) -> None:
    if depth == 0:
        return
    # Components first: the tree then reads as the structure of the program.
    for child in sorted(graph.children.get(parent.urn, ()), key=lambda one: (one.custom, one.type, one.name)):
        _grow(branch.add(_label(graph, child)), graph, child, depth - 1)


def _label(graph: Graph, resource: Resource) -> str:
    kind = type_name(resource)
    if not resource.custom:
        return f"[bold]{escape(resource.name)}[/bold]  [cyan]{kind}[/cyan] [dim]({below(graph, resource)})[/dim]"
    name = resource.object_name[2] if resource.is_kubernetes_object else resource.name
    flags = [word for word in ("protect", "retain_on_delete") if resource.options.get(word)]
    return f"{kind} {escape(name)}" + (f"  [yellow]{', '.join(flags)}[/yellow]" if flags else "")


def findings_text(findings: Sequence[Finding]) -> Group:
    """The policies' findings, the worst first, and a line that sums them up."""
    lines = [_finding(finding) for finding in findings]
    if not findings:
        return Group(Text(), Text("Policies: no findings", style="green"))
    blocking = sum(finding.blocks for finding in findings)
    counts = ", ".join(f"{count} {severity}" for severity, count in by_severity(findings).items())
    verdict = f"{blocking} of them stop a deployment" if blocking else "none of them stops a deployment"
    return Group(Text(), *lines, Text(f"Policies: {counts}; {verdict}", style="red" if blocking else "yellow"))


def capacity_text(graph: Graph) -> Group:
    """Whether the nodes hold it, with one and with a zone of them lost."""
    found = report(graph)
    style = "yellow" if found.too_small else "dim"
    return Group(
        *(Text(f"{'Nodes: ' if not index else '       '}{line}", style=style) for index, line in enumerate(found.lines))
    )


def _finding(finding: Finding) -> Text:
    text = Text(f"{finding.severity.value:>8} ", style=_COLOURS[finding.severity.value])
    text.append(f"{finding.level.value} {finding.rule}: ", style="bold")
    text.append(finding.message, style="default")
    if finding.exemption is not None:
        text.append(f" [exempt: {finding.exemption}]", style="dim")
    return text
