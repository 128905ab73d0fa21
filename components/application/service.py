"""The Service in front of an application's pods, and what all of its objects have in their metadata."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.core.v1 import Service

from components.application.args import ApplicationArgs
from components.performance import SKIP_AWAIT


def object_metadata(args: ApplicationArgs, annotations: Mapping[str, str] | None = None) -> dict[str, object]:
    """The `metadata` of an object that bears the application's name."""
    metadata = args.scope.metadata(args.component, args.name, annotations=annotations)
    return metadata | {"labels": args.labels | args.pods}


def application_service(
    name: str,
    args: ApplicationArgs,
    opts: pulumi.ResourceOptions,
    *,
    selector: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Service:
    """The Service by which an application is called; `selector` is by default that of its own pods."""
    return Service(
        name,
        metadata=object_metadata(args, {**SKIP_AWAIT, **(annotations or {})}),
        spec={
            "type": "ClusterIP",
            "selector": dict(selector or args.selector),
            "ports": args.all_ports.service_ports(),
        },
        opts=opts,
    )
