"""Nodes: whether there are any, whether the largest pods fit on one, and whether the quotas know of so many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graph.model import Graph
from ops.live.lookup import key_of, title_of
from ops.preflight.api import Api, Request
from ops.preflight.finding import Found, file_of, several
from policy.facts.demand import Size, size


def check(server: Api, graph: Graph) -> Found:
    """No node, or pods that fit on none. Labels, taints and what runs already are left to the scheduler."""
    (answer,) = server.ask([Request("/api/v1/nodes")])
    if not answer.ok:
        return Found(unknown=("the nodes",))
    nodes = [size(one["status"].get("allocatable", {})) for one in answer.body["items"] if _usable(one)]
    return Found((*problems(nodes, graph), *uncounted(len(answer.body["items"]), graph)))


def uncounted(nodes: int, graph: Graph) -> Iterator[str]:
    """More nodes than the quotas are made for: what runs on every node would be missing on some."""
    most = sum(int(pool["most"]) for pool in graph.outputs.get("node_pools", ()))
    on_every_node = [title_of(key_of(body)) for body in graph.objects if body["kind"] == "DaemonSet"]
    if on_every_node and nodes > most:
        yield (
            f"the cluster has {nodes} nodes, and the quota of {several(on_every_node)} is for {most}: say "
            f"`overrides: {{maximum_nodes: {nodes}}}`, or more if it grows, in {file_of(graph)}"
        )


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


def _usable(node: Mapping[str, Any]) -> bool:
    conditions = node["status"].get("conditions", [])
    ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
    return ready and not node["spec"].get("unschedulable", False)
