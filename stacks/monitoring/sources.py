"""The exporters of an environment worked out: their arguments, what they probe, and their alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.kubernetes.naming import Scope
from components.kubernetes.network import Flow, Peer
from components.monitoring.exporters.blackbox import blackbox_exporter
from components.monitoring.exporters.kube_state_metrics import kube_state_metrics
from components.monitoring.exporters.node import node_exporter
from components.monitoring.exporters.pushgateway import pushgateway
from components.monitoring.prometheus import LABELS
from components.workload.server_pods import ServerArgs

Probes = Mapping[str, tuple[str, Sequence[str]]]


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Every exporter's arguments, and what the blackbox exporter probes: module and addresses by name."""

    state: ServerArgs
    node: ServerArgs
    blackbox: ServerArgs
    pushgateway: ServerArgs
    probes: Probes

    @property
    def servers(self) -> tuple[ServerArgs, ...]:
        """All of them."""
        return (self.state, self.node, self.blackbox, self.pushgateway)


def sources(scope: Scope, *, nodes: int, systems: Sequence[str], probes: Probes, gateways: Sequence[Flow]) -> Sources:
    """Work them out for a cluster of up to `nodes` nodes. `systems` are the namespaces that may push."""
    prometheus = Peer(pods=LABELS)
    return Sources(
        state=kube_state_metrics(scope, prometheus),
        node=node_exporter(scope, prometheus, nodes),
        blackbox=blackbox_exporter(scope, prometheus, gateways),
        pushgateway=pushgateway(scope, prometheus, [Peer(namespace=name) for name in systems]),
        probes=probes,
    )
