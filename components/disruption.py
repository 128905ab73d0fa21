"""How many pods of a workload may be taken from their nodes at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget


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
