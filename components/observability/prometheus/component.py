"""The component of Prometheus."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi_kubernetes.core.v1 import ServiceAccount
from pulumi_kubernetes.rbac.v1 import ClusterRole, ClusterRoleBinding

from components.custom_resource import custom_resource
from components.network import KUBERNETES_API, allow
from components.observability.prometheus.args import PrometheusArgs
from components.observability.prometheus.spec import specification
from versions import PROMETHEUS, PROMETHEUS_AGENT


class Prometheus(pulumi.ComponentResource):
    """A Prometheus or PrometheusAgent with its service account, its right to discover targets, and its network policy.

    Outputs: `url` (where its series are asked for).
    """

    url: str

    def __init__(self, name: str, args: PrometheusArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:observability:Prometheus", name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        account = self._account()
        self._discovery()
        self._network_policy()
        self._server(account)
        self.url = args.url
        self.register_outputs({"url": self.url})

    def _metadata(self, *, cluster: bool = False) -> dict[str, Any]:
        args = self._args
        if cluster:
            return {"name": f"{args.scope.namespace}-{args.account}", "labels": args.scope.labels(args.account)}
        return args.scope.metadata(args.account)

    def _account(self) -> ServiceAccount:
        return ServiceAccount(
            self._name, metadata=self._metadata(), automount_service_account_token=False, opts=self._child
        )

    def _discovery(self) -> None:
        """Targets are found by Services, endpoints and pods of all namespaces: read them, and nothing else."""
        ClusterRole(
            self._name,
            metadata=self._metadata(cluster=True),
            rules=[
                {"api_groups": [""], "resources": ["services", "endpoints", "pods"], "verbs": ["get", "list", "watch"]},
                {
                    "api_groups": ["discovery.k8s.io"],
                    "resources": ["endpointslices"],
                    "verbs": ["get", "list", "watch"],
                },
                {"api_groups": [""], "resources": ["nodes/metrics"], "verbs": ["get"]},
            ],
            opts=self._child,
        )
        name = f"{self._args.scope.namespace}-{self._args.account}"
        ClusterRoleBinding(
            self._name,
            metadata=self._metadata(cluster=True),
            role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
            subjects=[
                {"kind": "ServiceAccount", "name": self._args.account, "namespace": self._args.scope.namespace},
            ],
            opts=self._child,
        )

    def _network_policy(self) -> None:
        args = self._args
        allow(
            self._name,
            scope=args.scope,
            component=args.account,
            pods=args.pods,
            ingress=args.ingress,
            egress=(*args.egress, KUBERNETES_API),
            opts=self._child,
        )

    def _server(self, account: ServiceAccount) -> None:
        kind = PROMETHEUS_AGENT if self._args.agent else PROMETHEUS
        custom_resource(
            self._name,
            kind,
            metadata=self._metadata() | {"name": self._args.name},
            spec=specification(self._args),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[account]),
        )
