"""The component of a stateless service."""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.autoscaling.v2 import HorizontalPodAutoscaler
from pulumi_kubernetes.core.v1 import Service, ServiceAccount
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget
from pulumi_kubernetes.rbac.v1 import Role, RoleBinding

from components.application.args import ApplicationArgs
from components.application.pod import pod_template
from components.network import allow
from components.observability.monitors import service_monitor
from components.performance import SKIP_AWAIT


class Application(pulumi.ComponentResource):
    """A stateless service, from its service account to its autoscaler.

    Outputs: `host` (cluster-internal DNS name), `port`.
    """

    host: str
    port: int

    def __init__(self, name: str, args: ApplicationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:application:Application", name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        account = [] if args.service_account else [self._service_account()]
        if args.rules:
            self._access()
        if args.ingress or args.egress:
            self._network_policy()
        self._deployment(pulumi.ResourceOptions(parent=self, depends_on=account))
        self._service()
        if args.metrics:
            self._monitor()
        if args.replicas.autoscaled:
            self._autoscaler()
        if args.replicas.minimum > 1:
            self._disruption_budget()
        self.host, self.port = args.scope.host(args.name), args.ports["http"]
        self.register_outputs({"host": self.host, "port": self.port})

    def _metadata(self, annotations: dict[str, str] | None = None) -> dict[str, object]:
        metadata: dict[str, object] = {
            "name": self._args.name,
            "namespace": self._args.scope.namespace,
            "labels": self._args.labels,
        }
        return metadata | ({"annotations": annotations} if annotations else {})

    def _service_account(self) -> ServiceAccount:
        metadata = self._metadata(dict(self._args.service_account_annotations))
        return ServiceAccount(self._name, metadata=metadata, automount_service_account_token=False, opts=self._child)

    def _access(self) -> None:
        Role(self._name, metadata=self._metadata(), rules=[dict(rule) for rule in self._args.rules], opts=self._child)
        RoleBinding(
            self._name,
            metadata=self._metadata(),
            role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "Role", "name": self._args.name},
            subjects=[
                {"kind": "ServiceAccount", "name": self._args.name, "namespace": self._args.scope.namespace},
            ],
            opts=self._child,
        )

    def _network_policy(self) -> None:
        allow(
            self._name,
            scope=self._args.scope,
            component=self._args.name,
            pods=self._args.selector,
            ingress=self._args.ingress,
            egress=self._args.egress,
            opts=self._child,
        )

    def _deployment(self, opts: pulumi.ResourceOptions) -> None:
        args = self._args
        Deployment(
            self._name,
            metadata=self._metadata(),
            spec={
                # An autoscaler owns the number; declaring it as well would undo its work at every update.
                **({} if args.replicas.autoscaled else {"replicas": args.replicas.minimum}),
                "selector": {"match_labels": args.selector},
                "strategy": {
                    "type": "RollingUpdate",
                    "rolling_update": {
                        "max_surge": args.rollout.max_surge,
                        "max_unavailable": args.rollout.max_unavailable,
                    },
                },
                "revision_history_limit": 5,
                "template": pod_template(args),
            },
            opts=opts,
        )

    def _service(self) -> None:
        Service(
            self._name,
            metadata=self._metadata(SKIP_AWAIT),
            spec={
                "type": "ClusterIP",
                "selector": self._args.selector,
                "ports": [
                    {"name": name, "port": port, "target_port": name, "protocol": "TCP"}
                    for name, port in self._args.ports.items()
                ],
            },
            opts=self._child,
        )

    def _monitor(self) -> None:
        args = self._args
        service_monitor(
            self._name,
            scope=args.scope,
            component=args.name,
            endpoints=args.metrics,
            selector=args.selector,
            opts=self._child,
        )

    def _autoscaler(self) -> None:
        replicas = self._args.replicas
        targets = {"cpu": replicas.cpu_percent, "memory": replicas.memory_percent}
        HorizontalPodAutoscaler(
            self._name,
            metadata=self._metadata(),
            spec={
                "scale_target_ref": {"api_version": "apps/v1", "kind": "Deployment", "name": self._args.name},
                "min_replicas": replicas.minimum,
                "max_replicas": replicas.most,
                "metrics": [
                    {
                        "type": "Resource",
                        "resource": {
                            "name": resource,
                            "target": {"type": "Utilization", "average_utilization": percent},
                        },
                    }
                    for resource, percent in targets.items()
                ],
            },
            opts=self._child,
        )

    def _disruption_budget(self) -> None:
        PodDisruptionBudget(
            self._name,
            metadata=self._metadata(),
            # One at a time: whatever the autoscaler's number, a node can always be drained.
            spec={"max_unavailable": 1, "selector": {"match_labels": self._args.selector}},
            opts=self._child,
        )
