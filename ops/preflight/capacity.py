"""Nodes: whether there are any, and whether the largest pods fit on one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from graph.model import Graph
from ops.live.lookup import key_of, title_of
from ops.preflight.api import Api, Request
from ops.preflight.finding import Found, several
from policy.facts.values import quantity


class Size(NamedTuple):
    """CPU in cores and memory in bytes."""

    cpu: float
    memory: float

    def fits(self, other: Size) -> bool:
        """Whether it is no more than the other in both."""
        return self.cpu <= other.cpu and self.memory <= other.memory

    def __str__(self) -> str:
        return f"{self.cpu:g} CPU and {self.memory / 2**30:.3g} GiB"


def check(server: Api, graph: Graph) -> Found:
    """No node, or pods that fit on none. Labels, taints and what runs already are left to the scheduler."""
    (answer,) = server.ask([Request("/api/v1/nodes")])
    if not answer.ok:
        return Found(unknown=("the nodes",))
    nodes = [size(one["status"].get("allocatable", {})) for one in answer.body["items"] if _usable(one)]
    return Found(tuple(problems(nodes, graph)))


def problems(nodes: Sequence[Size], graph: Graph) -> Iterator[str]:
    """The same of nodes that can take pods."""
    wanted = [(title_of(key_of(body)), pod) for body in graph.objects for pod in pods(body)]
    if not wanted:
        return
    if not nodes:
        yield "no node of the cluster is ready and takes pods: add one, or see `kubectl get nodes`"
        return
    tall = [(name, pod) for name, pod in wanted if not any(pod.fits(node) for node in nodes)]
    if tall:
        largest = max(pod for _, pod in tall)
        whose = several({name for name, _ in tall})
        yield (
            f"no node is large enough for a pod of {whose}, which asks for {largest}; the largest has {max(nodes)}: "
            "add larger nodes, or ask for less by `sizes` of the system"
        )


def pods(body: Mapping[str, Any]) -> Iterator[Size]:
    """What a pod of each template in an object asks for, and each pod that an operator makes of it."""
    yield from _pods(body.get("spec"))


def _pods(value: Any) -> Iterator[Size]:
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _pods(item)
    if not isinstance(value, Mapping):
        return
    containers = value.get("containers")
    if isinstance(containers, (list, tuple)):
        sizes = [size((one.get("resources") or {}).get("requests") or {}) for one in containers]
        yield Size(sum(one.cpu for one in sizes), sum(one.memory for one in sizes))
        return
    requests = value["resources"].get("requests") if isinstance(value.get("resources"), Mapping) else None
    # A claim of a volume has requests too: of storage.
    if isinstance(requests, Mapping) and ("cpu" in requests or "memory" in requests):
        yield size(requests)
    for item in value.values():
        yield from _pods(item)


def size(amounts: Mapping[str, Any]) -> Size:
    """The CPU and memory of a list of resources; what is no quantity counts as nothing."""
    return Size(quantity(amounts.get("cpu", 0)) or 0.0, quantity(amounts.get("memory", 0)) or 0.0)


def _usable(node: Mapping[str, Any]) -> bool:
    conditions = node["status"].get("conditions", [])
    ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
    return ready and not node["spec"].get("unschedulable", False)
