"""How important pods are to each other, and how many of a workload may be taken from their nodes at once."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

import pulumi
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget
from pulumi_kubernetes.scheduling.v1 import PriorityClass

from components.kubernetes.naming import Scope, dns_label


class Priority(Enum):
    """A class of pods: the last part of its name, its value, and what it is for. Higher values are scheduled first."""

    CRITICAL = ("critical", 1_000_000, "What keeps the data: every service waits for it.")
    HIGH = ("high", 100_000, "What all customers share, and what watches over it.")
    DEFAULT = ("default", 10_000, "What one customer uses, or people look at.")
    BATCH = ("batch", 1_000, "What can wait: work that ends, and is tried again.")

    def class_name(self, environment: str) -> str:
        """The name of the class: several environments may share a cluster, and each owns its classes."""
        return dns_label(f"platform-{environment}-{self.value[0]}")


class PriorityClasses(pulumi.ComponentResource):
    """A PriorityClass for each Priority. BATCH waits for room: its pods push nobody else off a node."""

    def __init__(self, name: str, environment: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:priority:PriorityClasses", name, {}, opts)
        scope = Scope(namespace="", system="platform", environment=environment)
        for priority in Priority:
            level, value, description = priority.value
            PriorityClass(
                f"{name}-{level}",
                metadata={"name": priority.class_name(environment), "labels": scope.labels("priority")},
                value=value,
                description=description,
                preemption_policy="Never" if priority is Priority.BATCH else "PreemptLowerPriority",
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})


def disruption_budget(
    name: str, *, metadata: Any, pods: Mapping[str, str], opts: pulumi.ResourceOptions | None = None
) -> None:
    """The PodDisruptionBudget of the pods with these labels: one at a time, and pods that are not ready at any time.

    One at a time whatever the number of replicas, so that a node can always be drained. A pod that is not ready serves
    nobody: without `AlwaysAllow`, two that crash in a loop keep their nodes from being drained until somebody comes
    (https://kubernetes.io/docs/tasks/run-application/configure-pdb/#unhealthy-pod-eviction-policy).
    """
    PodDisruptionBudget(
        name,
        metadata=metadata,
        spec={
            "max_unavailable": 1,
            "unhealthy_pod_eviction_policy": "AlwaysAllow",
            "selector": {"match_labels": dict(pods)},
        },
        opts=opts,
    )
