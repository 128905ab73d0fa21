"""The environments that this repository deploys satisfy the pack."""

from __future__ import annotations

from functools import cache

import pytest

from graph.model import Graph
from policy.engine.evaluation import Finding, evaluate
from policy.engine.settings import EXEMPTIONS
from policy.engine.subject import object_type
from policy.facts.workloads import WORKLOADS
from tests.unit.recordings import ENVIRONMENTS, recorded

_every_environment = pytest.mark.parametrize("stack", ENVIRONMENTS)


@cache
def _found(stack: str) -> tuple[Finding, ...]:
    return evaluate(recorded(stack))


def _without_network_policies(graph: Graph) -> Graph:
    kept = tuple(resource for resource in graph if not resource.type.endswith(":NetworkPolicy"))
    return Graph(graph.stack, kept, graph.outputs)


@_every_environment
def test_nothing_in_an_environment_stops_its_deployment(stack: str) -> None:
    assert [finding.message for finding in _found(stack) if finding.blocks] == []


@_every_environment
def test_every_workload_of_an_environment_is_judged(stack: str) -> None:
    # Without this, an environment that the rules cannot read would pass as one that satisfies them.
    graph = recorded(stack)
    workloads = {resource.urn for resource in graph if object_type(resource.type) in WORKLOADS}
    judged = {finding.urn for finding in evaluate(_without_network_policies(graph))}
    assert workloads
    assert workloads <= judged


def test_every_exemption_names_an_object_of_some_environment() -> None:
    unused = set(EXEMPTIONS) - {finding.exemption for stack in ENVIRONMENTS for finding in _found(stack)}
    assert not unused, "these let off nothing any more: remove them"
