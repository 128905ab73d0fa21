"""The VerticalPodAutoscaler of an application: how much its pods ought to request, and in some modes do."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.application.args import ApplicationArgs
from components.application.scaling import Vertical
from components.custom_resource import custom_resource
from versions import VERTICAL_POD_AUTOSCALER


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
