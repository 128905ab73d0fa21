"""The monitoring worked out before anything is registered: arguments of every component, and what stands beside
Prometheus and Alertmanager."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from components.kubernetes.footprint import ContainerResources, Footprint
from components.kubernetes.naming import Scope
from components.kubernetes.needs import NEEDS
from components.kubernetes.network import Flow, Peer
from components.monitoring.alertmanager import PORT as ALERTMANAGER_PORT
from components.monitoring.alertmanager import AlertmanagerArgs
from components.monitoring.grafana import NAME as GRAFANA
from components.monitoring.grafana import PORT as GRAFANA_PORT
from components.monitoring.grafana import GrafanaArgs
from components.monitoring.prometheus import LABELS, RELOADER, SIDECAR_PORT, PrometheusArgs, RemoteWrite
from components.monitoring.prometheus import PORT as PROMETHEUS_PORT
from components.monitoring.prometheus.args import prometheus_url
from components.platform.operators.table import OPERATORS
from stacks.monitoring import notifications
from stacks.monitoring.boards import boards
from stacks.monitoring.data_sources import sources
from stacks.monitoring.levels import LEVELS, Level
from stacks.monitoring.receivers import routing, webhook_flows
from stacks.schema.monitoring import MonitoringConfig
from stacks.schema.tiers import Tier
from stacks.system.declaration import Declaration
from stacks.system.environment_context import EnvironmentContext
from stacks.system.flows import MONITORING_NAMESPACE

if TYPE_CHECKING:
    from components.monitoring.thanos import ThanosArgs
    from stacks.monitoring.sources import Sources

OBJECT_STORAGE_SECRET = "thanos-object-storage"
THANOS_TLS_SECRET = "thanos-tls"
REMOTE_WRITE_SECRET = "remote-write-credentials"


@dataclass(frozen=True, kw_only=True)
class Extras:
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
    def callers(self) -> list[Flow]:
        """Who asks the sidecar for series."""
        return [self.thanos.asks()] if self.thanos else []

    @property
    def query(self) -> tuple[str, Mapping[str, str], int, str | None] | None:
        """Where Grafana asks instead of Prometheus: address, pods, port, and the Secret of its authority."""
        if self.thanos is None:
            return None
        from components.monitoring.thanos import HTTP_PORT
        from components.monitoring.thanos.args import QUERY

        return self.thanos.url, self.thanos.scope.selector(QUERY), HTTP_PORT, self.thanos.tls_secret


def remote_writes(config: MonitoringConfig) -> list[RemoteWrite]:
    """The extra stores of an environment."""
    return [
        RemoteWrite(url=one.url, dropped=one.drop, secret=REMOTE_WRITE_SECRET, credential=one.credential or "")
        for one in config.remote_write
    ]


def extras(
    args: EnvironmentContext, scope: Scope, level: Level, monitored: MonitoredSystems, config: MonitoringConfig
) -> Extras:
    """Work it out. Thanos needs the secret store, in which its bucket is described."""
    found = _sources(args, scope, monitored, config) if level.exporters else None
    thanos = _thanos(args, scope, level, config) if level.thanos and args.store and not config.agent else None
    servers = [(one.footprint(), one.resources) for one in found.servers] if found else []
    scraped = (
        [Flow(peer=Peer(pods=one.pods), ports=tuple(one.ports.values())) for one in found.servers] if found else []
    )
    if thanos:
        from components.monitoring.thanos.args import RULER_PODS, RULER_RESOURCES
        from components.monitoring.thanos.component import compactor, querier, store_gateway

        parts = [querier(thanos), store_gateway(thanos), compactor(thanos)]
        servers += [(one.footprint(), one.resources) for one in parts]
        servers.append((thanos.ruler_footprint(), RULER_RESOURCES))
        pods = [*(one.pods for one in parts), RULER_PODS]
        scraped += [Flow(peer=Peer(pods=one), ports=(SIDECAR_PORT,)) for one in pods]
    outside = [NEEDS["remote write"].to(one.url) for one in config.remote_write]
    outside += [NEEDS["federation"].to(one.target) for one in config.federate]
    return Extras(sources=found, thanos=thanos, servers=servers, scraped=[*scraped, *outside])


def _sources(args: EnvironmentContext, scope: Scope, monitored: MonitoredSystems, config: MonitoringConfig) -> Sources:
    # Only here: the smallest level has no exporters, and imports are most of what a preview costs.
    from stacks.monitoring.sources import sources

    probes: dict[str, tuple[str, Sequence[str]]] = {name: ("https", [url]) for name, url in monitored.public.items()}
    probes |= {one.name: (one.module, [one.target]) for one in config.probes}
    gateways = [*monitored.gateways, *(NEEDS["probes"].to(one.target) for one in config.probes)]
    return sources(
        scope,
        nodes=args.tier.maximum_nodes,
        systems=[one.name for one in monitored.systems],
        probes=probes,
        gateways=gateways,
    )


def _thanos(args: EnvironmentContext, scope: Scope, level: Level, config: MonitoringConfig) -> ThanosArgs:
    from components.monitoring.thanos import ThanosArgs

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


MAIN = "main"
TLS_SECRET = "prometheus-tls"
GRAFANA_SECRET = "grafana-admin"
_ALERTMANAGER_PODS = {"app.kubernetes.io/name": "alertmanager"}
# Whoever reads metrics in the monitoring's own namespace.
READER = Peer(pods=LABELS)


@dataclass(frozen=True, kw_only=True)
class MonitoredSystems:
    """What the monitoring looks at.

    `targets` are the metrics of the systems, `hooks` who of them is told of alerts, `systems` those that there are
    dashboards of, `public` the address of each, `gateways` the cluster's own ways in, and `callers` who else asks
    Prometheus than its own namespace.
    """

    targets: Sequence[Flow]
    hooks: Sequence[notifications.Hook]
    systems: Sequence[Declaration]
    public: Mapping[str, str]
    gateways: Sequence[Flow]
    callers: Sequence[Peer] = ()


@dataclass(frozen=True, kw_only=True)
class MonitoringPlan:
    """The arguments of every component, ready to be built. An agent has neither Alertmanager nor Grafana."""

    scope: Scope
    level: Level
    prometheus: PrometheusArgs
    alertmanager: AlertmanagerArgs | None
    grafana: GrafanaArgs | None
    extras: Extras

    def footprint(self) -> Footprint:
        """The most that the namespace may take."""
        whole = self.prometheus.footprint() + self.extras.footprint()
        for part in (self.alertmanager, self.grafana):
            whole = whole + part.footprint() if part else whole
        return whole

    def expected(self) -> dict[str, int]:
        """How many pods each of its own jobs has, exporters apart."""
        alertmanager = {"alertmanager": self.alertmanager.replicas} if self.alertmanager else {}
        thanos = self.extras.thanos.jobs if self.extras.thanos else {}
        grafana = {GRAFANA: 1} if self.grafana else {}
        return {self.prometheus.application: self.prometheus.replicas, **alertmanager, **grafana, **thanos}

    def largest(self) -> ContainerResources:
        """What no container of the namespace exceeds."""
        parts = [part.resources for part in (self.prometheus, self.alertmanager, self.grafana) if part]
        return ContainerResources.largest([*parts, RELOADER, *self.extras.resources()])


def plan(
    args: EnvironmentContext, scope: Scope, monitored: MonitoredSystems, config: MonitoringConfig
) -> MonitoringPlan:
    """Work out everything."""
    level = LEVELS[args.tier.monitoring]
    beside = extras(args, scope, level, monitored, config)
    prometheus = _prometheus(args, scope, level, monitored, config=config, beside=beside)
    judged = config.agent is None
    # Its dashboards are parsed and checked one by one: only where they are shown.
    shown = level.grafana and judged
    return MonitoringPlan(
        scope=scope,
        level=level,
        prometheus=prometheus,
        extras=beside,
        grafana=_grafana(args, scope, level, monitored, prometheus=prometheus, beside=beside) if shown else None,
        alertmanager=_alertmanager(args, scope, level, monitored, config) if judged else None,
    )


def url(environment: str, tier: Tier, config: MonitoringConfig) -> str:
    """Where series are asked for: of Prometheus, or where an agent's samples have gone."""
    scope = Scope.of(MONITORING_NAMESPACE, environment)
    return config.agent.query_url if config.agent else prometheus_url(scope, tls=LEVELS[tier.monitoring].tls)


def _alertmanager(
    args: EnvironmentContext, scope: Scope, level: Level, monitored: MonitoredSystems, config: MonitoringConfig
) -> AlertmanagerArgs:
    return AlertmanagerArgs(
        scope=scope,
        name=MAIN,
        replicas=level.alertmanagers,
        routing=routing(monitored.hooks, config, people=args.store is not None),
        storage_class=args.tier.storage_class,
        clients=[LABELS, *([{"app.kubernetes.io/name": "thanos-ruler"}] if level.thanos and args.store else [])],
        egress=[*(hook.flow for hook in monitored.hooks), *webhook_flows(config)],
    )


def _grafana(
    args: EnvironmentContext,
    scope: Scope,
    level: Level,
    monitored: MonitoredSystems,
    *,
    prometheus: PrometheusArgs,
    beside: Extras,
) -> GrafanaArgs:
    source = beside.query or (prometheus.url, prometheus.pods, PROMETHEUS_PORT, prometheus.tls_secret)
    url, pods, port, authority = source
    return GrafanaArgs(
        scope=scope,
        boards=boards(monitored.systems, args.metric_sources),
        prometheus_url=url,
        prometheus_pods=pods,
        prometheus_port=port,
        metrics_reader=READER,
        ca_secret=authority,
        admin_secret=GRAFANA_SECRET,
        sources=sources(args.telemetry),
        egress=args.telemetry.queries,
    )


def _analysis(args: EnvironmentContext) -> list[Flow]:
    """Flagger asks for the metrics of releases."""
    flagger = Peer(namespace=OPERATORS["flagger"].namespace, pods={"app.kubernetes.io/name": "flagger"})
    return [Flow(peer=flagger, ports=(PROMETHEUS_PORT,))] if args.routing.controller == "flagger" else []


def _prometheus(
    args: EnvironmentContext,
    scope: Scope,
    level: Level,
    monitored: MonitoredSystems,
    *,
    config: MonitoringConfig,
    beside: Extras,
) -> PrometheusArgs:
    judged = config.agent is None
    itself = Flow(peer=READER, ports=(PROMETHEUS_PORT, *beside.sidecar_ports))
    grafana = Flow(peer=Peer(pods=scope.selector(GRAFANA)), ports=(PROMETHEUS_PORT,))
    scraped = [Flow(peer=Peer(pods=scope.selector(GRAFANA)), ports=(GRAFANA_PORT,))] if level.grafana and judged else []
    callers = [Flow(peer=peer, ports=(PROMETHEUS_PORT,)) for peer in monitored.callers]
    alertmanager = [Flow(peer=Peer(pods=_ALERTMANAGER_PODS), ports=(ALERTMANAGER_PORT,))] if judged else []
    return PrometheusArgs(
        scope=scope,
        name=MAIN,
        replicas=level.prometheus,
        resources=level.resources,
        storage=config.storage or level.storage,
        storage_class=args.tier.storage_class,
        retention=config.retention or level.retention,
        retention_size=config.retention_size or level.retention_size,
        external_labels=args.origin,
        scrape_interval=config.scrape_interval,
        evaluation_interval=config.evaluation_interval,
        alertmanager="alertmanager-operated" if judged else None,
        tls_secret=TLS_SECRET if level.tls else None,
        object_storage_secret=beside.thanos.object_storage_secret if beside.thanos else None,
        thanos_tls_secret=beside.thanos.tls_secret if beside.thanos else None,
        agent=config.agent.query_url if config.agent else None,
        remote_write=remote_writes(config),
        ingress=[itself, *([grafana] if level.grafana and judged else []), *beside.callers, *callers, *_analysis(args)],
        egress=[itself, *alertmanager, *scraped, *monitored.targets, *beside.scraped],
    )
