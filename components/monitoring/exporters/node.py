"""The node exporter: processors, memory, load, pressure and file system of every node (`node_*`).

It takes nothing of the host: no host path, network or process namespace, no exception from the Restricted standard.
What alerts and dashboards read is there all the same: /proc/stat, /proc/meminfo, /proc/loadavg and /proc/pressure tell
of the whole node in every container, and the file system of an emptyDir is that on which the kubelet keeps images, logs
and volumes. Out of its sight are the node's network interfaces and its other file systems (see
docs/decisions/0032-metrics-and-their-sources.md).
"""

from __future__ import annotations

import pulumi

from components.kubernetes.footprint import ContainerResources
from components.kubernetes.naming import Scope
from components.kubernetes.network import Flow, Peer
from components.monitoring.monitors import Endpoint
from components.workload.server import Server
from components.workload.server_pods import Check, ServerArgs
from versions import NODE_EXPORTER_IMAGE

NAME = "node-exporter"
PORT = 9100
_RESOURCES = ContainerResources.of("20m", "100m", "32Mi", "64Mi")
_COLLECTORS = ("cpu", "filesystem", "loadavg", "meminfo", "pressure")
# The emptyDir. The container's other mounts are single files of the same file system, which would be listed for each.
_MOUNT = "/node"


def node_exporter(scope: Scope, prometheus: Peer, nodes: int) -> ServerArgs:
    """Its server on each of up to `nodes` nodes; `prometheus` is who reads it."""
    return ServerArgs(
        scope=scope,
        name=NAME,
        image=NODE_EXPORTER_IMAGE,
        arguments=[
            f"--web.listen-address=:{PORT}",
            "--collector.disable-defaults",
            *(f"--collector.{name}" for name in _COLLECTORS),
            f"--collector.filesystem.mount-points-include=^{_MOUNT}$",
        ],
        ports={"metrics": PORT},
        liveness=Check(port="metrics", path="/", period=20),
        readiness=Check(port="metrics", path="/metrics"),
        # A pod's address says nothing to whoever reads the alert.
        metrics=[
            Endpoint(
                port="metrics",
                relabelings=[{"sourceLabels": ["__meta_kubernetes_pod_node_name"], "targetLabel": "instance"}],
            )
        ],
        resources=_RESOURCES,
        nodes=nodes,
        scratch={"node": _MOUNT},
        ingress=[Flow(peer=prometheus, ports=(PORT,))],
    )


class NodeExporter(pulumi.ComponentResource):
    """The exporter on every node. Outputs: none."""

    def __init__(self, name: str, args: ServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:observability:NodeExporter", name, {}, opts)
        Server(name, args, pulumi.ResourceOptions(parent=self))
        self.register_outputs({})
