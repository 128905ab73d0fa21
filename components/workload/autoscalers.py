"""The autoscalers of an application: HorizontalPodAutoscaler, ScaledObject of KEDA, and VerticalPodAutoscaler."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.autoscaling.v2 import HorizontalPodAutoscaler

from components.kubernetes.objects import custom_resource
from components.workload.args import ApplicationArgs
from components.workload.scaling import CustomMetric, Replicas, Vertical
from versions import SCALED_OBJECT, VERTICAL_POD_AUTOSCALER

_TAKES_OVER = "scaledobject.keda.sh/transfer-hpa-ownership"


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


def scaled_object(
    name: str,
    *,
    metadata: dict[str, object],
    kind: str,
    target: str,
    replicas: Replicas,
    opts: pulumi.ResourceOptions,
) -> CustomResource:
    """Scales the Deployment or StatefulSet `target`, and takes over the autoscaler that `horizontal_autoscaler` made.

    A service that gets its first metric of its own has both for a while: the one is made before the other is removed.
    KEDA refuses that unless the ScaledObject says that it takes over that very autoscaler, by its name: verifyHpas in
    apis/keda/v1alpha1/scaledobject_webhook.go (v2.20.2).
    """
    annotations = {**_annotations(metadata), _TAKES_OVER: "true"}
    return custom_resource(
        name,
        SCALED_OBJECT,
        metadata={**metadata, "annotations": annotations},
        spec=scaled_object_spec(kind, target, replicas, str(metadata["name"])),
        opts=opts,
    )


def _annotations(metadata: Mapping[str, object]) -> Mapping[str, object]:
    annotations = metadata.get("annotations")
    return annotations if isinstance(annotations, Mapping) else {}


def scaled_object_spec(kind: str, target: str, replicas: Replicas, autoscaler: str) -> dict[str, Any]:
    """The `spec` of a ScaledObject whose HorizontalPodAutoscaler is called `autoscaler`."""
    behavior = {"behavior": replicas.behavior} if replicas.behavior else {}
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": kind, "name": target},
        "minReplicaCount": replicas.minimum,
        "maxReplicaCount": replicas.most,
        "advanced": {"horizontalPodAutoscalerConfig": {"name": autoscaler, **behavior}},
        "triggers": [
            *(_resource_trigger(resource, percent) for resource, percent in replicas.targets.items()),
            *(_prometheus(metric, replicas.source) for metric in replicas.metrics),
        ],
    }


def _resource_trigger(resource: str, percent: int) -> dict[str, Any]:
    return {"type": resource, "metricType": "Utilization", "metadata": {"value": str(percent)}}


def _prometheus(metric: CustomMetric, server: str) -> dict[str, Any]:
    metadata = {"serverAddress": server, "query": metric.query, "threshold": f"{metric.target:g}"}
    if server.startswith("https:"):
        # Its authority is of its own namespace, where KEDA does not look; the network policy says who answers there.
        metadata["unsafeSsl"] = "true"
    return {
        "type": "prometheus",
        "name": metric.name,
        "metricType": "AverageValue" if metric.average else "Value",
        "metadata": metadata,
    }


def vertical_autoscaler(
    name: str,
    *,
    metadata: dict[str, object],
    target: str,
    args: ApplicationArgs,
    vertical: Vertical,
    opts: pulumi.ResourceOptions,
) -> CustomResource:
    """Watches the Deployment or StatefulSet `target`. It changes pods as they start, and never the declared object."""
    return custom_resource(
        name,
        VERTICAL_POD_AUTOSCALER,
        metadata=metadata,
        spec=vertical_spec(target, args, vertical),
        opts=opts,
    )


def vertical_spec(target: str, args: ApplicationArgs, vertical: Vertical) -> dict[str, Any]:
    """The `spec` of a VerticalPodAutoscaler. Limits are left alone: the namespace's quota is made of them."""
    bounds = {"minAllowed": vertical.bounds("minimum"), "maxAllowed": vertical.bounds("maximum")}
    policy = {
        "containerName": args.component,
        **{key: value for key, value in bounds.items() if value},
        "controlledResources": list(vertical.controlled),
        "controlledValues": "RequestsOnly",
    }
    return {
        "targetRef": {"apiVersion": "apps/v1", "kind": args.workload, "name": target},
        "updatePolicy": {"updateMode": vertical.mode_beside(args.replicas)},
        "resourcePolicy": {"containerPolicies": [policy]},
    }
