"""What many equal applications share, so that one more of them costs as few objects as can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_kubernetes.core.v1 import ServiceAccount

from components.naming import Scope
from components.network import Flow, allow
from components.observability.monitors import Endpoint, service_monitor


@dataclass(frozen=True, kw_only=True)
class ApplicationGroupArgs:
    """All instances of `component`, present and to come, with the flows that each of them may have."""

    scope: Scope
    component: str
    ingress: Sequence[Flow] = ()
    egress: Sequence[Flow] = ()
    metrics: Sequence[Endpoint] = ()
    service_account_annotations: Mapping[str, str] = field(default_factory=dict)


class ApplicationGroup(pulumi.ComponentResource):
    """One service account (without token), network policy and monitor for all instances.

    Outputs: `service_account`.
    """

    service_account: str

    def __init__(self, name: str, args: ApplicationGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:application:ApplicationGroup", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        metadata = args.scope.metadata(args.component, annotations=dict(args.service_account_annotations) or None)
        ServiceAccount(name, metadata=metadata, automount_service_account_token=False, opts=child)
        allow(
            name,
            scope=args.scope,
            component=args.component,
            pods=args.scope.selector(args.component),
            ingress=args.ingress,
            egress=args.egress,
            opts=child,
        )
        if args.metrics:
            service_monitor(name, scope=args.scope, component=args.component, endpoints=args.metrics, opts=child)
        self.service_account = args.component
        self.register_outputs({"service_account": self.service_account})
