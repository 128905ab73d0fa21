"""The monitoring worked out before anything is registered: arguments of every component, and the quota."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.footprint import ContainerResources, Footprint
from components.naming import Scope
from components.network import Flow, Peer
from components.observability.alertmanager import PORT as ALERTMANAGER_PORT
from components.observability.alertmanager import AlertmanagerArgs
from components.observability.grafana import NAME as GRAFANA
from components.observability.grafana import PORT as GRAFANA_PORT
from components.observability.grafana import GrafanaArgs
from components.observability.prometheus import LABELS, RELOADER, PrometheusArgs
from components.observability.prometheus import PORT as PROMETHEUS_PORT
from components.operators.table import OPERATORS
from stacks.blueprint.args import SystemArgs
from stacks.blueprint.declaration import Declaration
from stacks.monitoring import notifications
from stacks.monitoring.boards import boards
from stacks.monitoring.config import MonitoringConfig
from stacks.monitoring.data_sources import sources
from stacks.monitoring.further import Further, further, remote_writes
from stacks.monitoring.levels import LEVELS, Level
from stacks.monitoring.receivers import webhook_flows, with_configured

MAIN = "main"
TLS_SECRET = "prometheus-tls"
GRAFANA_SECRET = "grafana-admin"
_ALERTMANAGER_PODS = {"app.kubernetes.io/name": "alertmanager"}
# Whoever reads metrics in the monitoring's own namespace.
READER = Peer(pods=LABELS)


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the monitoring looks at.

    `targets` are the metrics of the systems, `hooks` who of them is told of alerts, `systems` those that there are
    dashboards of, `public` the address of each, `gateways` the cluster's own ways in.
    """

    targets: Sequence[Flow]
    hooks: Sequence[notifications.Hook]
    systems: Sequence[Declaration]
    public: Mapping[str, str]
    gateways: Sequence[Flow]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The arguments of every component, ready to be built. An agent has neither Alertmanager nor Grafana."""

    scope: Scope
    level: Level
    prometheus: PrometheusArgs
    alertmanager: AlertmanagerArgs | None
    grafana: GrafanaArgs | None
    further: Further

    def footprint(self) -> Footprint:
        """The most that the namespace may take."""
        whole = self.prometheus.footprint() + self.further.footprint()
        for part in (self.alertmanager, self.grafana):
            whole = whole + part.footprint() if part else whole
        return whole

    def largest(self) -> ContainerResources:
        """What no container of the namespace exceeds."""
        parts = [part.resources for part in (self.prometheus, self.alertmanager, self.grafana) if part]
        return ContainerResources.largest([*parts, RELOADER, *self.further.resources()])


def plan(args: SystemArgs, scope: Scope, around: Surroundings, config: MonitoringConfig) -> Plan:
    """Work out everything."""
    level = LEVELS[args.tier.monitoring]
    beside = further(args, scope, level, around, config)
    prometheus = _prometheus(args, scope, level, around, config=config, beside=beside)
    judged = config.agent is None
    # Its dashboards are parsed and checked one by one: only where they are shown.
    shown = level.grafana and judged
    return Plan(
        scope=scope,
        level=level,
        prometheus=prometheus,
        further=beside,
        grafana=_grafana(args, scope, level, around, prometheus=prometheus, beside=beside) if shown else None,
        alertmanager=_alertmanager(args, scope, level, around, config) if judged else None,
    )


def _alertmanager(
    args: SystemArgs, scope: Scope, level: Level, around: Surroundings, config: MonitoringConfig
) -> AlertmanagerArgs:
    told = (notifications.to_people if args.store else notifications.in_cluster)(around.hooks)
    return AlertmanagerArgs(
        scope=scope,
        name=MAIN,
        replicas=level.alertmanagers,
        routing=with_configured(told, config),
        storage_class=args.tier.storage_class,
        clients=[LABELS, *([{"app.kubernetes.io/name": "thanos-ruler"}] if level.thanos and args.store else [])],
        egress=[*(hook.flow for hook in around.hooks), *webhook_flows(config)],
    )


def _grafana(
    args: SystemArgs, scope: Scope, level: Level, around: Surroundings, *, prometheus: PrometheusArgs, beside: Further
) -> GrafanaArgs:
    source = beside.query or (prometheus.url, prometheus.pods, PROMETHEUS_PORT, prometheus.tls_secret)
    url, pods, port, authority = source
    return GrafanaArgs(
        scope=scope,
        boards=boards(around.systems, args.metric_sources),
        prometheus_url=url,
        prometheus_pods=pods,
        prometheus_port=port,
        metrics_reader=READER,
        ca_secret=authority,
        admin_secret=GRAFANA_SECRET,
        sources=sources(args.telemetry),
        egress=args.telemetry.queries,
    )


def _analysis(args: SystemArgs) -> list[Flow]:
    """Flagger asks for the metrics of releases."""
    flagger = Peer(namespace=OPERATORS["flagger"].namespace, pods={"app.kubernetes.io/name": "flagger"})
    return [Flow(peer=flagger, ports=(PROMETHEUS_PORT,))] if args.routing.controller == "flagger" else []


def _prometheus(
    args: SystemArgs,
    scope: Scope,
    level: Level,
    around: Surroundings,
    *,
    config: MonitoringConfig,
    beside: Further,
) -> PrometheusArgs:
    judged = config.agent is None
    itself = Flow(peer=READER, ports=(PROMETHEUS_PORT, *beside.sidecar_ports))
    grafana = Flow(peer=Peer(pods=scope.selector(GRAFANA)), ports=(PROMETHEUS_PORT,))
    scraped = [Flow(peer=Peer(pods=scope.selector(GRAFANA)), ports=(GRAFANA_PORT,))] if level.grafana and judged else []
    asking = [Flow(peer=peer, ports=(PROMETHEUS_PORT,)) for peer in args.asking]
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
        alertmanager="alertmanager-operated" if judged else None,
        tls_secret=TLS_SECRET if level.tls else None,
        object_storage_secret=beside.thanos.object_storage_secret if beside.thanos else None,
        thanos_tls_secret=beside.thanos.tls_secret if beside.thanos else None,
        agent=config.agent.query_url if config.agent else None,
        remote_write=remote_writes(config),
        ingress=[itself, *([grafana] if level.grafana and judged else []), *beside.asking, *asking, *_analysis(args)],
        egress=[itself, *alertmanager, *scraped, *around.targets, *beside.scraped],
    )
