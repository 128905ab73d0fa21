"""The environments that this repository deploys satisfy the pack."""

from __future__ import annotations

from functools import cache

import pytest

from graph.model import Graph
from graph.record import record
from policy.evaluation import evaluate
from policy.exemptions import EXEMPTIONS
from policy.subject import object_type
from policy.workloads import WORKLOADS

_recorded = cache(record)
_every_environment = pytest.mark.parametrize("stack", ["dev", "staging", "prod"])


def _without_network_policies(graph: Graph) -> Graph:
    kept = tuple(resource for resource in graph if not resource.type.endswith(":NetworkPolicy"))
    return Graph(graph.stack, kept, graph.outputs)


@_every_environment
def test_nothing_in_an_environment_stops_its_deployment(stack: str) -> None:
    assert [finding.message for finding in evaluate(_recorded(stack)) if finding.blocks] == []


@_every_environment
def test_every_workload_of_an_environment_is_judged(stack: str) -> None:
    # Without this, an environment that the rules cannot read would pass as one that satisfies them.
    graph = _recorded(stack)
    workloads = {resource.urn for resource in graph if object_type(resource.type) in WORKLOADS}
    judged = {finding.urn for finding in evaluate(_without_network_policies(graph))}
    assert workloads
    assert workloads <= judged


def test_every_exemption_names_an_object_of_some_environment() -> None:
    graphs = [_recorded(stack) for stack in ("dev", "staging", "prod")]
    unused = set(EXEMPTIONS) - {finding.exemption for graph in graphs for finding in evaluate(graph)}
    assert not unused, "these let off nothing any more: remove them"
