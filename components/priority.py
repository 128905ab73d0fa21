"""How important pods are to each other: the environment's PriorityClasses, and the class that a pod names.

After the loss of a node there may not be room for all pods. Without classes all are equal, and a tenant's bot can take
the place that a database needs. Kubernetes keeps values from 1,000,000,000 on for classes of its own
(https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/).
"""

from __future__ import annotations

from enum import Enum

import pulumi
from pulumi_kubernetes.scheduling.v1 import PriorityClass

from components.naming import Scope, dns_label


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
