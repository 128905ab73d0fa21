"""The autoscaler of an application that goes by what Kubernetes itself measures."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi_kubernetes.autoscaling.v2 import HorizontalPodAutoscaler

from components.application.scaling import Replicas


def horizontal_autoscaler(
    name: str,
    *,
    metadata: dict[str, object],
    kind: str,
    target: str,
    replicas: Replicas,
    opts: pulumi.ResourceOptions,
) -> HorizontalPodAutoscaler:
    """Scales the Deployment or StatefulSet `target` by the use of CPU and memory."""
    return HorizontalPodAutoscaler(
        name,
        metadata=metadata,
        spec={
            "scale_target_ref": {"api_version": "apps/v1", "kind": kind, "name": target},
            "min_replicas": replicas.minimum,
            "max_replicas": replicas.most,
            "metrics": [_resource(resource, percent) for resource, percent in replicas.targets.items()],
            **({"behavior": _behavior(replicas.behavior)} if replicas.behavior else {}),
        },
        opts=opts,
    )


def _resource(resource: str, percent: int) -> dict[str, Any]:
    target = {"type": "Utilization", "average_utilization": percent}
    return {"type": "Resource", "resource": {"name": resource, "target": target}}


# The behavior comes in the API's names, which KEDA's ScaledObject takes as they are.
_NAMES = {
    "scaleUp": "scale_up",
    "scaleDown": "scale_down",
    "stabilizationWindowSeconds": "stabilization_window_seconds",
    "selectPolicy": "select_policy",
    "periodSeconds": "period_seconds",
}


def _behavior(value: Any) -> Any:
    if isinstance(value, list):
        return [_behavior(one) for one in value]
    if isinstance(value, dict):
        return {_NAMES.get(key, key): _behavior(one) for key, one in value.items()}
    return value
