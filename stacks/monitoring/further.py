"""What stands beside Prometheus and Alertmanager, worked out: exporters, Thanos, further stores and sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from components.footprint import ContainerResources, Footprint
from components.naming import Scope
from components.network import Flow, Peer
from components.observability.exporters.kubelet import KUBELETS
from components.observability.prometheus import LABELS, SIDECAR_PORT, RemoteWrite
from stacks.blueprint.args import SystemArgs
from stacks.monitoring.config import MonitoringConfig
from stacks.monitoring.destinations import outgoing
from stacks.monitoring.levels import Level

if TYPE_CHECKING:
    from components.observability.thanos import ThanosArgs
    from stacks.monitoring.plan import Surroundings
    from stacks.monitoring.sources import Sources

OBJECT_STORAGE_SECRET = "thanos-object-storage"
THANOS_TLS_SECRET = "thanos-tls"
REMOTE_WRITE_SECRET = "remote-write-credentials"


@dataclass(frozen=True, kw_only=True)
class Further:
    """`sources` are the exporters, `thanos` the long-term store, each None where the level has none; `scraped` is where
    Prometheus reads and writes besides the systems."""

    sources: Sources | None
    thanos: ThanosArgs | None
    scraped: Sequence[Flow]
    servers: Sequence[tuple[Footprint, ContainerResources]]

    def footprint(self) -> Footprint:
        """All its pods."""
        return sum((one for one, _ in self.servers), Footprint())

    def resources(self) -> list[ContainerResources]:
        """Those of each container."""
        return [resources for _, resources in self.servers]

    @property
    def sidecar_ports(self) -> tuple[int, ...]:
        """The ports of Prometheus' pods that only Thanos' sidecar has."""
        return (SIDECAR_PORT,) if self.thanos else ()

    @property
    def asking(self) -> list[Flow]:
        """Who asks the sidecar for series."""
        return [self.thanos.asks()] if self.thanos else []

    @property
    def query(self) -> tuple[str, Mapping[str, str], int, str | None] | None:
        """Where Grafana asks instead of Prometheus: address, pods, port, and the Secret of its authority."""
        if self.thanos is None:
            return None
        from components.observability.thanos import HTTP_PORT
        from components.observability.thanos.args import QUERY

        return self.thanos.url, self.thanos.scope.selector(QUERY), HTTP_PORT, self.thanos.tls_secret


def remote_writes(config: MonitoringConfig) -> list[RemoteWrite]:
    """The further stores of an environment."""
    return [
        RemoteWrite(url=one.url, dropped=one.drop, secret=REMOTE_WRITE_SECRET, credential=one.credential or "")
        for one in config.remote_write
    ]


def further(args: SystemArgs, scope: Scope, level: Level, around: Surroundings, config: MonitoringConfig) -> Further:
    """Work it out. Thanos needs the secret store, in which its bucket is described."""
    found = _sources(args, scope, around, config) if level.exporters else None
    thanos = _thanos(args, scope, level, config) if level.thanos and args.store and not config.agent else None
    servers = [(one.footprint(), one.resources) for one in found.servers] if found else []
    scraped = (
        [Flow(peer=Peer(pods=one.pods), ports=tuple(one.ports.values())) for one in found.servers] if found else []
    )
    if thanos:
        from components.observability.thanos.args import RULER_PODS, RULER_RESOURCES
        from components.observability.thanos.parts import compactor, querier, store_gateway

        parts = [querier(thanos), store_gateway(thanos), compactor(thanos)]
        servers += [(one.footprint(), one.resources) for one in parts]
        servers.append((thanos.ruler_footprint(), RULER_RESOURCES))
        pods = [*(one.pods for one in parts), RULER_PODS]
        scraped += [Flow(peer=Peer(pods=one), ports=(SIDECAR_PORT,)) for one in pods]
    outside = [outgoing(one.url) for one in config.remote_write] + [outgoing(one.target) for one in config.federate]
    return Further(sources=found, thanos=thanos, servers=servers, scraped=[KUBELETS, *scraped, *outside])


def _sources(args: SystemArgs, scope: Scope, around: Surroundings, config: MonitoringConfig) -> Sources:
    # Only here: the smallest level has no exporters, and imports are most of what a preview costs.
    from stacks.monitoring.sources import sources

    probes: dict[str, tuple[str, Sequence[str]]] = {name: ("https", [url]) for name, url in around.public.items()}
    probes |= {one.name: (one.module, [one.target]) for one in config.probes}
    gateways = [*around.gateways, *(outgoing(one.target) for one in config.probes)]
    return sources(
        scope, nodes=args.tier.nodes, systems=[one.name for one in around.systems], probes=probes, gateways=gateways
    )


def _thanos(args: SystemArgs, scope: Scope, level: Level, config: MonitoringConfig) -> ThanosArgs:
    from components.observability.thanos import ThanosArgs

    return ThanosArgs(
        scope=scope,
        object_storage_secret=OBJECT_STORAGE_SECRET,
        tls_secret=THANOS_TLS_SECRET,
        prometheus=LABELS,
        external_labels={"cluster": args.environment},
        alertmanager=f"dnssrv+http://_web._tcp.{scope.host('alertmanager-operated')}",
        volume=level.storage,
        storage_class=args.tier.storage_class,
        retention=config.long_term_retention,
        clients=[Peer(pods=scope.selector("grafana"))],
        metrics_reader=Peer(pods=LABELS),
    )
