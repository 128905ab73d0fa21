"""What the policy pack costs: for each resource, as it grows with their number, and beside a preview of production.

Two ways: `evaluate` on the recorded graph, and the engine's requests (Analyze for each resource, AnalyzeStack for all)
to the real servicer in a process of its own. "growth" is the cost of a resource over that at the size before: 1 is
linear. "share" is a part of what the engine's preview of a resource costs without the pack.
"""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from graph.model import Graph, Resource
from graph.record import record
from policy.engine.evaluation import evaluate
from policy.rules import RULES
from tests.policy.engine import resource_request, served, stack_request

SIZES = (500, 1000, 2000)
_ROUNDS = 3
# The engine's own cost of a resource: 2,100 of them in 10.7 s, with this program's cures (components/performance.py).
_PREVIEW_OF_A_RESOURCE = 10.7 / 2100


def run() -> None:
    """Print the figures."""
    prod = record("prod")
    graphs = [enlarged(prod, size) for size in SIZES]
    print(f"{len(RULES)} rules")
    _report("recorded", [_median(partial(evaluate, graph)) for graph in graphs])
    with served("prod") as analyzer:
        _report("engine", [_median(_requests(analyzer, graph)) for graph in graphs])
    recorded, judged = _median(partial(record, "prod")), _median(partial(evaluate, prod))
    print(f"prod, {len(prod)} resources: evaluate takes {judged / recorded:.0%} of the time of recording it")


def enlarged(graph: Graph, size: int) -> Graph:
    """The graph with its Kubernetes objects repeated in further namespaces until it has `size` resources."""
    objects = [resource for resource in graph if resource.is_kubernetes_object and _can_be_repeated(resource)]
    others = [resource for resource in graph if resource not in objects]
    copies = (
        _moved(objects[index % len(objects)], index // len(objects)) for index in range(max(size - len(others), 0))
    )
    return Graph(graph.stack, (*others, *copies), graph.outputs)


def _can_be_repeated(resource: Resource) -> bool:
    kind, namespace, _ = resource.object_name
    return bool(namespace) or kind == "Namespace"


def _moved(resource: Resource, number: int) -> Resource:
    inputs = _renamed(resource.inputs, number)
    return dataclasses.replace(
        resource, urn=f"{resource.urn}-{number}", name=f"{resource.name}-{number}", inputs=inputs
    )


def _renamed(value: Any, number: int) -> Any:
    """The value in other namespaces, and with another host, since addresses are unique."""
    if isinstance(value, dict):
        return {key: _renamed(item, number) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, number) for item in value]
    if not isinstance(value, str):
        return value
    moved = {name: f"{name}-{number}" for name in ("astrbot", "monitoring", "telemetry")}
    return {**moved, "api.saas-platform.com": f"astrbot-{number}.saas-platform.com"}.get(value, value)


def _requests(analyzer: Any, graph: Graph) -> Callable[[], None]:
    """The engine's requests, made beforehand: it is not this process that makes them."""
    single, whole = [resource_request(resource) for resource in graph], stack_request(graph)

    def send() -> None:
        for request in single:
            analyzer.Analyze(request)
        analyzer.AnalyzeStack(whole)

    return send


def _median(work: Callable[[], object]) -> float:
    def once() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return statistics.median(once() for _ in range(_ROUNDS))


def _report(name: str, seconds: list[float]) -> None:
    each = [total / size for total, size in zip(seconds, SIZES, strict=True)]
    for size, cost, before in zip(SIZES, each, [each[0], *each], strict=False):
        share = cost / _PREVIEW_OF_A_RESOURCE
        print(f"{name:9} {size:5} resources: {cost * 1000:.2f} ms each, share {share:.0%}, growth {cost / before:.2f}")
