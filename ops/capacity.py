"""Whether the nodes that an environment is meant for hold its pods: as they are, without one, and without a zone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from components.kubernetes.quantity import number
from graph.model import Graph
from policy.facts.demand import Pods, Size, demand

# An allowance, with room, for what a cluster runs itself: on every node network, volumes and proxy (AWS' add-ons ask
# for some 200m), and in all DNS, metrics-server and operators, most of which ask for 100m and less, istiod for 500m.
_ON_EACH_NODE = Size(0.3, 0.5 * 2**30)
_IN_ALL = (Size(0.25, 0.5 * 2**30), 12)
_PODS_PER_NODE = 110
_GIB = 2**30


@dataclass(frozen=True)
class Node:
    """A node: what it has for pods, and in which zone it is."""

    room: Size
    zone: int


@dataclass(frozen=True)
class Case:
    """Something that happens: what then is requested, what there is of nodes, and what finds no place."""

    name: str
    wanted: Size
    nodes: Sequence[Node]
    homeless: Sequence[str]

    @property
    def fits(self) -> bool:
        """Whether everything finds a place."""
        return not self.homeless

    def __str__(self) -> str:
        """`with one node lost 77.7 of 112 cores …`."""
        has = _whole(self.nodes)
        figures = (
            f"{self.wanted.cpu:.1f} of {has.cpu:.4g} cores and {self.wanted.memory / _GIB:.0f} of "
            f"{has.memory / _GIB:.0f} GiB on {len(self.nodes)} node{'s' * (len(self.nodes) != 1)}"
        )
        listed = ", ".join(self.homeless[:3]) + (
            f" and {len(self.homeless) - 3} more" if len(self.homeless) > 3 else ""
        )
        return f"{self.name}: {figures}" + ("" if self.fits else f"; no place for {listed}")


def planned(graph: Graph) -> list[Node]:
    """The nodes that there are from the start, the zones taking turns."""
    zones = int(graph.outputs["capacity"]["zones"])
    rooms = [
        Size(float(number(str(pool["cpu"]))), float(number(str(pool["memory"]))))
        for pool in graph.outputs["node_pools"]
        if pool["open"]
        for _ in range(int(pool["nodes"]))
    ]
    return [Node(room, index % zones) for index, room in enumerate(rooms)]


@dataclass(frozen=True)
class Report:
    """The cases for people, how far it may grow, and what to do where something finds no place; none without pods."""

    lines: Sequence[str] = ()
    too_small: bool = False


def cases(graph: Graph, own_pods: Sequence[Pods]) -> list[Case]:
    """As it is; and, of what must stay up, with the largest node lost, and with the zone that has most.

    `own_pods` are those of the environment.
    """
    nodes, strict = planned(graph), must_stay(graph)
    # Of a cluster for development and tests nothing is known: the sandbox runs nothing of its own.
    own = [Pods(title="operators", namespace="", request=_IN_ALL[0], usual=_IN_ALL[1], most=_IN_ALL[1])]
    network = Pods(title="network", namespace="", request=_ON_EACH_NODE, usual=0, most=0, everywhere=True)
    pods = [*own_pods, *([*own, network] if strict else [])]
    whole = [_case("requested", pods, nodes, lost=0, zones=1)]
    return [*whole, *_losses(pods, nodes)] if strict else whole


def _losses(pods: Sequence[Pods], nodes: Sequence[Node]) -> Iterator[Case]:
    zones = sorted({node.zone for node in nodes})
    if len(nodes) > 1:
        largest = max(range(len(nodes)), key=lambda index: (nodes[index].room, -index))
        left = [node for index, node in enumerate(nodes) if index != largest]
        # A node that is all of its zone takes the zone along.
        alone = nodes[largest].zone not in {node.zone for node in left}
        yield _case("with one node lost", pods, left, lost=int(alone), zones=len(zones))
    if len(zones) > 1:
        gone = max(zones, key=lambda zone: (_whole([one for one in nodes if one.zone == zone]), -zone))
        left = [node for node in nodes if node.zone != gone]
        yield _case("with one zone lost", pods, left, lost=1, zones=len(zones))


def report(graph: Graph) -> Report:
    """Whether the nodes hold the environment's pods; its pods are counted and placed this once."""
    if not _has_pods(graph):
        return Report()
    pods = demand(graph.objects)
    found = cases(graph, pods)
    short = [one.name for one in found if not one.fits]
    mend = [f"too small {', '.join(short)}: {_mend(graph)}"] if short else []
    return Report([*map(str, found), _growth(graph, pods), *mend], bool(short))


def _growth(graph: Graph, pods: Sequence[Pods]) -> str:
    cpu = sum(one.request.cpu * one.most for one in pods)
    memory = sum(one.request.memory * one.most for one in pods) / _GIB
    most = sum(int(pool["most"]) for pool in graph.outputs["node_pools"])
    return (
        f"with every autoscaler at its maximum: {cpu:.1f} cores and {memory:.0f} GiB; quotas are for up to {most} nodes"
    )


def _has_pods(graph: Graph) -> bool:
    """Whether the objects are here: what tells Argo CD to bring them says nothing of them."""
    return "node_pools" in graph.outputs and "prometheus_url" in graph.outputs


def must_stay(graph: Graph) -> bool:
    """Whether a lost node or zone may take nothing away: not of what is for development and tests."""
    return str(graph.outputs["tier"]) in ("staging", "prod")


def _mend(graph: Graph) -> str:
    file = f"Pulumi.{graph.environment}.yaml"
    if len(graph.outputs["node_pools"]) > 1 or "cluster_name" in graph.outputs:
        return f"more or larger nodes by `cluster.node_groups` in {file}"
    return f"more or larger nodes; `overrides: {{nodes: …, node_cpu: …, node_memory: …}}` in {file} says what there is"


def _case(name: str, pods: Sequence[Pods], nodes: Sequence[Node], *, lost: int, zones: int) -> Case:
    wanted = list(_each(pods, lost=lost, zones=zones))
    everywhere = [one.request for one in pods if one.everywhere]
    taken = Size(sum(one.cpu for one in everywhere), sum(one.memory for one in everywhere))
    whole = taken.times(len(nodes))
    for _, request in wanted:
        whole = whole.plus(request)
    return Case(name, whole, nodes, _homeless(wanted, nodes, taken, len(everywhere)))


def _each(pods: Sequence[Pods], *, lost: int, zones: int) -> Iterator[tuple[str, Size]]:
    """Each pod by itself; of those that are bound to the volumes of a lost zone, its share stays down."""
    for one in pods:
        staying = one.usual - (one.usual // zones if lost and one.bound and zones > 1 else 0)
        yield from ((one.title, one.request) for _ in range(0 if one.everywhere else staying))


def _homeless(wanted: Sequence[tuple[str, Size]], nodes: Sequence[Node], taken: Size, count: int) -> list[str]:
    """What finds no place, the largest pods being placed first, each where most is left for it."""
    if not nodes:
        return [title for title, _ in wanted]
    has = _whole(nodes)
    free = [[node.room.cpu - taken.cpu, node.room.memory - taken.memory, _PODS_PER_NODE - count] for node in nodes]
    homeless = []
    for title, request in sorted(wanted, key=lambda one: -_share(one[1], has)):
        room = max(free, key=lambda one: min(one[0] - request.cpu, (one[1] - request.memory) / (4 * _GIB), one[2] - 1))
        if room[0] < request.cpu or room[1] < request.memory or room[2] < 1:
            homeless.append(title)
            continue
        room[0], room[1], room[2] = room[0] - request.cpu, room[1] - request.memory, room[2] - 1
    return list(dict.fromkeys(homeless))


def _share(request: Size, whole: Size) -> float:
    return max(request.cpu / (whole.cpu or math.inf), request.memory / (whole.memory or math.inf))


def _whole(nodes: Sequence[Node]) -> Size:
    return Size(sum(node.room.cpu for node in nodes), sum(node.room.memory for node in nodes))
