"""The example environments, recorded, and their figures as `examples/README.md` shows them."""

from __future__ import annotations

import re
import tempfile
import textwrap
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from graph.model import Graph, Resource
from ops.reports.counts import headline, type_name
from paths import ROOT
from tests.unit.scratch import scratch_in

FOLDER = ROOT / "examples"
PAGE = FOLDER / "README.md"
# Where an environment has several clusters each is a stack of its own; Argo CD's own cluster is one more.
STACKS = {
    "eks": ("eks",),
    "mesh": ("mesh",),
    "gateway": ("gateway",),
    "fleet": ("fleet.eu", "fleet.us"),
    "argocd": ("argocd", "argocd.eu", "argocd.us"),
    "monitoring": ("monitoring",),
}
_WIDTH = 120


def text_of(name: str) -> str:
    """The file of an example."""
    return (FOLDER / f"Pulumi.{name}.yaml").read_text(encoding="utf-8")


@cache
def recorded_example(stack: str) -> Graph:
    """The graph of an example, copied to where environments are looked up; once a session."""
    name = stack.partition(".")[0]
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        scratch = scratch_in(Path(folder), patch)
        scratch.write(text_of(name), name)
        return scratch.recorded(stack)


def kind(resource: Resource) -> str:
    """`Deployment`, or with its service `eks.Cluster`: several kinds of AWS are called like some of Kubernetes."""
    aws = re.match(r"aws:(?P<service>\w+)/", resource.type)
    return f"{aws['service']}.{type_name(resource)}" if aws else type_name(resource)


def kinds(graph: Graph) -> Counter[str]:
    """How many of each kind there are; components and the stack itself are none."""
    return Counter(kind(one) for one in graph if not one.type.startswith(("platform:", "pulumi:")))


def summary(name: str) -> str:
    """What the page shows of an example: each stack's size and kinds, those that are alike together."""
    alike: dict[str, list[str]] = {}
    for stack in STACKS[name]:
        graph = recorded_example(stack)
        counts = sorted(kinds(graph).items(), key=lambda item: (-item[1], item[0]))
        # No line ends between a figure and what it counts.
        listed = textwrap.fill(", ".join(f"{count}~{one}" for one, count in counts), _WIDTH).replace("~", " ")
        alike.setdefault(f"{headline(graph)}\n{listed}", []).append(stack)
    return "\n".join(f"{', '.join(stacks)}: {figures}\n" for figures, stacks in alike.items())


def shown(page: str, name: str) -> str:
    """What the page has of an example's summary."""
    found = _block(name).search(page)
    assert found, f"{PAGE.name} has no figures below the heading of {name}"
    return found["figures"]


def with_summary(page: str, name: str) -> str:
    """The page with what is recorded in place of what it had."""
    return _block(name).sub(lambda match: match["before"] + summary(name) + "```", page)


def _block(name: str) -> re.Pattern[str]:
    # The last block of code below the example's heading.
    heading = rf"^## [^\n]*\(Pulumi\.{name}\.yaml\)\n(?:(?!^## ).)*?"
    return re.compile(rf"(?P<before>{heading}^```text\n)(?P<figures>.*?)^```", re.MULTILINE | re.DOTALL)
