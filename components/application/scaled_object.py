"""The autoscaler of an application that goes by figures of Prometheus too: KEDA's, which feeds one of Kubernetes."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.application.scaling import CustomMetric, Replicas
from components.custom_resource import custom_resource
from versions import SCALED_OBJECT


def scaled_object(
    name: str,
    *,
    metadata: dict[str, object],
    kind: str,
    target: str,
    replicas: Replicas,
    opts: pulumi.ResourceOptions,
) -> CustomResource:
    """Scales the Deployment or StatefulSet `target`."""
    return custom_resource(
        name,
        SCALED_OBJECT,
        metadata=metadata,
        spec=scaled_object_spec(kind, target, replicas),
        opts=opts,
    )


def scaled_object_spec(kind: str, target: str, replicas: Replicas) -> dict[str, Any]:
    """The `spec` of a ScaledObject."""
    behavior = {"horizontalPodAutoscalerConfig": {"behavior": replicas.behavior}}
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": kind, "name": target},
        "minReplicaCount": replicas.minimum,
        "maxReplicaCount": replicas.most,
        **({"advanced": behavior} if replicas.behavior else {}),
        "triggers": [
            *(_resource(resource, percent) for resource, percent in replicas.targets.items()),
            *(_prometheus(metric, replicas.source) for metric in replicas.metrics),
        ],
    }


def _resource(resource: str, percent: int) -> dict[str, Any]:
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
