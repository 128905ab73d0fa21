"""Who talks to a server of the telemetry: its neighbours in the same namespace, and Prometheus and Grafana."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from components.naming import Scope
from components.network import Flow, Peer


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """`senders` and `readers` are the peers that a server listens to; `monitoring` scrapes it."""

    scope: Scope
    monitoring: Peer
    senders: Sequence[Peer] = ()
    readers: Sequence[Peer] = ()

    def flow(self, server: str, *ports: int) -> Flow:
        """To or from the pods of a server of the same namespace."""
        return Flow(peer=Peer(pods=self.scope.selector(server)), ports=ports)

    def ingress(self, port: int, *, receive: Sequence[int] = (), metrics: Sequence[int] = ()) -> list[Flow]:
        """What reaches it: readers on `port`; senders on `receive` and scrapes on `metrics`, by default there too."""
        senders = [Flow(peer=peer, ports=tuple(receive) or (port,)) for peer in self.senders]
        readers = [Flow(peer=peer, ports=(port,)) for peer in self.readers]
        return [*senders, *readers, Flow(peer=self.monitoring, ports=tuple(metrics) or (port,))]
