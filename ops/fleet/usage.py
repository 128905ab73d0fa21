"""What a cluster's nodes offer and how much of it is used, from the lists of the Kubernetes API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from components.kubernetes.quantity import number

_Source = Literal["metrics", "requests"]
Objects = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Usage:
    """CPU in cores and memory in bytes; `source` is what `used` is: measured, or what pods have reserved."""

    cpu_used: float
    cpu_allocatable: float
    memory_used: int
    memory_allocatable: int
    source: _Source

    @classmethod
    def of(cls, nodes: Objects, metrics: Objects | None, pods: Objects) -> Usage:
        """`metrics` are the nodes' of metrics.k8s.io; None where that is not served, and then `pods` count."""
        if metrics is not None:
            cpu, memory = _sum(one["usage"] for one in metrics)
        else:
            cpu, memory = _sum(_requests(pod["spec"]) for pod in pods if pod["spec"].get("nodeName"))
        allocatable = _sum(one["status"].get("allocatable", {}) for one in nodes)
        return cls(
            cpu_used=float(cpu),
            cpu_allocatable=float(allocatable[0]),
            memory_used=int(memory),
            memory_allocatable=int(allocatable[1]),
            source="requests" if metrics is None else "metrics",
        )


def ready(nodes: Objects) -> int:
    """How many nodes are Ready."""
    return sum(
        any(one["type"] == "Ready" and one["status"] == "True" for one in node["status"].get("conditions", []))
        for node in nodes
    )


def _requests(spec: Mapping[str, Any]) -> dict[str, Decimal]:
    """What the scheduler counts for a pod: its containers and sidecars, or the largest of what runs before them."""
    init = spec.get("initContainers", [])
    sidecars = [one for one in init if one.get("restartPolicy") == "Always"]
    together = _sum(_requested(one) for one in (*spec["containers"], *sidecars))
    before = [_sum([_requested(one)]) for one in init if one not in sidecars]
    overhead = _sum([spec.get("overhead", {})])
    names = ("cpu", "memory")
    return {
        name: max([together[index], *(one[index] for one in before)]) + overhead[index]
        for index, name in enumerate(names)
    }


def _requested(container: Mapping[str, Any]) -> Mapping[str, Any]:
    requests: Mapping[str, Any] = container.get("resources", {}).get("requests", {})
    return requests


def _sum(amounts: Iterable[Mapping[str, Any]]) -> tuple[Decimal, Decimal]:
    cpu, memory = Decimal(0), Decimal(0)
    for one in amounts:
        cpu += number(str(one.get("cpu", 0)))
        memory += number(str(one.get("memory", 0)))
    return cpu, memory
