"""How many pods a service has, who decides it, and how much each may request: plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from components.kubernetes.quantity import Bytes, Cpu

UpdateMode = Literal["Off", "Initial", "Recreate", "InPlaceOrRecreate", "Auto"]
Resource = Literal["cpu", "memory"]


@dataclass(frozen=True, kw_only=True)
class CustomMetric:
    """A figure of Prometheus to scale by: the sum that `query` (PromQL) gives, and how much of it is meant to be.

    With `average` the `target` is for each pod, without it for all of them together.
    """

    name: str
    query: str
    target: float
    average: bool


@dataclass(frozen=True, kw_only=True)
class Replicas:
    """How many pods: a fixed number, or from `minimum` to `maximum` by CPU and memory use, in percent of requests.

    70 % and 80 % are the AstrBot document's production values (section 3.2); None leaves the resource out. `metrics`
    are read from the Prometheus at the URL `source`, through KEDA. `behavior` is that of a HorizontalPodAutoscaler
    (https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v2/), in the
    API's names; empty for Kubernetes' own. A `minimum` of 0 alone is a service that is stopped. Raises
    ValueError for numbers that contradict each other.
    """

    minimum: int
    maximum: int | None = None
    cpu_percent: int | None = 70
    memory_percent: int | None = 80
    metrics: Sequence[CustomMetric] = ()
    source: str = ""
    behavior: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.minimum < 0 or (self.minimum == 0 and self.maximum):
            raise ValueError(f"at least 1 replica is needed, not {self.minimum}: one that is stopped is not scaled")
        if self.maximum is not None and self.maximum < self.minimum:
            raise ValueError(f"maximum of {self.maximum} replicas is below the minimum of {self.minimum}")
        if self.metrics and not self.source:
            raise ValueError("custom metrics need the Prometheus that they are read from")

    @property
    def autoscaled(self) -> bool:
        """Whether an autoscaler owns the number of replicas."""
        return self.maximum is not None and self.maximum > self.minimum and bool(self.targets or self.metrics)

    @property
    def owned(self) -> list[str]:
        """The fields of a workload that its autoscaler writes: declared for the beginning, and then left alone.

        Left out, the first apply after a fixed number would take that away, and Kubernetes puts 1 in its place until
        the autoscaler has looked; declared outright, each apply would undo the autoscaler's work.
        """
        return ["spec.replicas"] if self.autoscaled else []

    @property
    def targets(self) -> dict[str, int]:
        """The resources that an autoscaler goes by, in percent of what is requested."""
        percents = {"cpu": self.cpu_percent, "memory": self.memory_percent}
        return {name: percent for name, percent in percents.items() if percent is not None}

    @property
    def most(self) -> int:
        """The largest number of replicas outside a rolling update."""
        return (self.maximum or self.minimum) if self.autoscaled else self.minimum


@dataclass(frozen=True, kw_only=True)
class Vertical:
    """What a VerticalPodAutoscaler may set the requests of a pod to, in a mode of its own; limits stay as they are."""

    mode: UpdateMode = "Off"
    controlled: Sequence[Resource] = ("cpu", "memory")
    cpu_minimum: Cpu | None = None
    cpu_maximum: Cpu | None = None
    memory_minimum: Bytes | None = None
    memory_maximum: Bytes | None = None

    def mode_beside(self, replicas: Replicas) -> UpdateMode:
        """Its mode: where an autoscaler goes by a resource that it controls, it only recommends."""
        shared = replicas.autoscaled and not replicas.targets.keys().isdisjoint(self.controlled)
        return "Off" if shared else self.mode

    def bounds(self, which: Literal["minimum", "maximum"]) -> dict[str, str]:
        """The least or the most of each resource that it may request, where one is given."""
        found = {resource: getattr(self, f"{resource}_{which}") for resource in ("cpu", "memory")}
        return {resource: str(amount) for resource, amount in found.items() if amount is not None}
