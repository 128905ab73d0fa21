"""The Pushgateway: the last metrics of jobs that end before a scrape could find them (orders document, section 9.3)."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from components.kubernetes.footprint import ContainerResources
from components.kubernetes.naming import Scope
from components.kubernetes.network import Flow, Peer
from components.monitoring.monitors import Endpoint
from components.workload.server import Server
from components.workload.server_pods import Check, ServerArgs
from versions import PUSHGATEWAY_IMAGE

NAME = "pushgateway"
PORT = 9091
_RESOURCES = ContainerResources.of("20m", "100m", "64Mi", "128Mi")
_SINGLE_REPLICA = "What is pushed to one pod is not in another; after a restart the next run pushes again."


def pushgateway(scope: Scope, prometheus: Peer, pushers: Sequence[Peer]) -> ServerArgs:
    """Its server; `pushers` are who may push."""
    return ServerArgs(
        scope=scope,
        name=NAME,
        image=PUSHGATEWAY_IMAGE,
        arguments=[f"--web.listen-address=:{PORT}"],
        ports={"metrics": PORT},
        liveness=Check(port="metrics", path="/-/healthy", period=20),
        readiness=Check(port="metrics", path="/-/ready"),
        # `job` and `instance` are what the pusher says they are.
        metrics=[Endpoint(port="metrics", honor_labels=True)],
        resources=_RESOURCES,
        single_replica_reason=_SINGLE_REPLICA,
        ingress=[Flow(peer=peer, ports=(PORT,)) for peer in (prometheus, *pushers)],
    )


class Pushgateway(pulumi.ComponentResource):
    """The gateway. Outputs: none."""

    def __init__(self, name: str, args: ServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:observability:Pushgateway", name, {}, opts)
        Server(name, args, pulumi.ResourceOptions(parent=self))
        self.register_outputs({})
