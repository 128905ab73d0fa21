"""kube-state-metrics: what the API server knows of nodes, pods and workloads, as metrics (`kube_*`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi_kubernetes.rbac.v1 import ClusterRole, ClusterRoleBinding

from components.kubernetes.footprint import ContainerResources
from components.kubernetes.naming import Scope
from components.kubernetes.needs import DNS, KUBERNETES_API
from components.kubernetes.network import Flow, Peer
from components.monitoring.monitors import Endpoint
from components.workload.server import Server
from components.workload.server_pods import Check, ServerArgs
from versions import KUBE_STATE_METRICS_IMAGE

NAME = "kube-state-metrics"
PORT = 8080
_OWN_PORT = 8081
# The project's own recommendation for a cluster of up to a hundred nodes.
_RESOURCES = ContainerResources.of("50m", "200m", "128Mi", "256Mi")
_SINGLE_REPLICA = "It keeps no state: a second pod would tell every series twice."
# All that it may read, by API group. Secrets and ConfigMaps are left out: no alert asks for them.
_RESOURCES_READ: Mapping[str, Sequence[str]] = {
    "": ("namespaces", "nodes", "persistentvolumeclaims", "pods", "resourcequotas"),
    "apps": ("daemonsets", "deployments", "statefulsets"),
    "autoscaling": ("horizontalpodautoscalers",),
    "batch": ("cronjobs", "jobs"),
}


def kube_state_metrics(scope: Scope, prometheus: Peer) -> ServerArgs:
    """Its server; `prometheus` is who reads it."""
    read = sorted(name for names in _RESOURCES_READ.values() for name in names)
    return ServerArgs(
        scope=scope,
        name=NAME,
        image=KUBE_STATE_METRICS_IMAGE,
        arguments=[f"--port={PORT}", f"--telemetry-port={_OWN_PORT}", f"--resources={','.join(read)}"],
        ports={"http-metrics": PORT, "telemetry": _OWN_PORT},
        liveness=Check(port="http-metrics", path="/livez", period=20),
        readiness=Check(port="telemetry", path="/readyz"),
        # Each series names the namespace and pod of what it tells of, and not of the exporter.
        metrics=[Endpoint(port="http-metrics", honor_labels=True)],
        resources=_RESOURCES,
        single_replica_reason=_SINGLE_REPLICA,
        token=True,
        ingress=[Flow(peer=prometheus, ports=(PORT,))],
        egress=[DNS, KUBERNETES_API],
    )


class KubeStateMetrics(pulumi.ComponentResource):
    """The exporter with the right to list and watch what it tells of, in all namespaces. Outputs: none."""

    def __init__(self, name: str, args: ServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:observability:KubeStateMetrics", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        role_name = f"{args.scope.namespace}-{args.name}"
        metadata: dict[str, Any] = {"name": role_name, "labels": args.scope.labels(args.name)}
        rules = [
            {"api_groups": [group], "resources": list(names), "verbs": ["list", "watch"]}
            for group, names in _RESOURCES_READ.items()
        ]
        role = ClusterRole(name, metadata=metadata, rules=rules, opts=child)
        binding = ClusterRoleBinding(
            name,
            metadata=metadata,
            role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role_name},
            subjects=[{"kind": "ServiceAccount", "name": args.name, "namespace": args.scope.namespace}],
            opts=child,
        )
        Server(name, args, pulumi.ResourceOptions(parent=self, depends_on=[role, binding]))
        self.register_outputs({})
