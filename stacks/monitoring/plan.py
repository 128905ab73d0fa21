"""The monitoring worked out before anything is registered: arguments of every component, and the quota."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from components.footprint import ContainerResources, Footprint
from components.naming import Scope
from components.network import Flow, Peer
from components.observability.alertmanager import PORT as ALERTMANAGER_PORT
from components.observability.alertmanager import AlertmanagerArgs
from components.observability.grafana import NAME as GRAFANA
from components.observability.grafana import GrafanaArgs
from components.observability.prometheus import LABELS, RELOADER, PrometheusArgs
from components.observability.prometheus import PORT as PROMETHEUS_PORT
from components.operators.table import OPERATORS
from stacks.blueprint.args import SystemArgs
from stacks.blueprint.declaration import Declaration
from stacks.dashboards import boards
from stacks.monitoring import notifications
from stacks.monitoring.data_sources import sources
from stacks.monitoring.levels import LEVELS, Level

MAIN = "main"
TLS_SECRET = "prometheus-tls"
OBJECT_STORAGE_SECRET = "thanos-object-storage"
GRAFANA_SECRET = "grafana-admin"
_ALERTMANAGER_PODS = {"app.kubernetes.io/name": "alertmanager"}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The arguments of every component, ready to be built."""

    scope: Scope
    level: Level
    prometheus: PrometheusArgs
    alertmanager: AlertmanagerArgs
    grafana: GrafanaArgs | None

    def footprint(self) -> Footprint:
        """The most that the namespace may take."""
        whole = self.prometheus.footprint() + self.alertmanager.footprint()
        return whole + self.grafana.footprint() if self.grafana else whole

    def largest(self) -> ContainerResources:
        """What no container of the namespace exceeds."""
        further = [self.grafana.resources] if self.grafana else []
        return ContainerResources.largest([self.prometheus.resources, self.alertmanager.resources, RELOADER, *further])


def plan(
    args: SystemArgs, scope: Scope, targets: Sequence[Flow], receivers: Sequence[Flow], systems: Sequence[Declaration]
) -> Plan:
    """Work out everything. `targets` are the metrics of the systems, `receivers` who of them is told of alerts; of
    `systems` there are dashboards.
    """
    level = LEVELS[args.tier.monitoring]
    prometheus = _prometheus(args, scope, level, targets)
    return Plan(
        scope=scope,
        level=level,
        prometheus=prometheus,
        grafana=_grafana(args, scope, prometheus, systems) if level.grafana else None,
        alertmanager=AlertmanagerArgs(
            scope=scope,
            name=MAIN,
            replicas=level.alertmanagers,
            routing=notifications.to_people() if args.store else notifications.in_cluster(),
            storage_class=args.tier.storage_class,
            clients=[LABELS],
            egress=receivers,
        ),
    )


def _grafana(args: SystemArgs, scope: Scope, prometheus: PrometheusArgs, systems: Sequence[Declaration]) -> GrafanaArgs:
    return GrafanaArgs(
        scope=scope,
        boards=boards(systems),
        prometheus_url=f"{prometheus.scheme}://{scope.host('prometheus-operated')}:{PROMETHEUS_PORT}",
        prometheus_pods=prometheus.pods,
        ca_secret=prometheus.tls_secret,
        admin_secret=GRAFANA_SECRET,
        sources=sources(args.telemetry),
        egress=args.telemetry.queries,
    )


def _analysis(args: SystemArgs) -> list[Flow]:
    """Flagger asks for the metrics of releases."""
    flagger = Peer(namespace=OPERATORS["flagger"].namespace, pods={"app.kubernetes.io/name": "flagger"})
    return [Flow(peer=flagger, ports=(PROMETHEUS_PORT,))] if args.routing.controller == "flagger" else []


def _prometheus(args: SystemArgs, scope: Scope, level: Level, targets: Sequence[Flow]) -> PrometheusArgs:
    itself = Flow(peer=Peer(pods=LABELS), ports=(PROMETHEUS_PORT,))
    grafana = Flow(peer=Peer(pods=scope.selector(GRAFANA)), ports=(PROMETHEUS_PORT,))
    asking = [Flow(peer=peer, ports=(PROMETHEUS_PORT,)) for peer in args.asking]
    alertmanager = Flow(peer=Peer(pods=_ALERTMANAGER_PODS), ports=(ALERTMANAGER_PORT,))
    return PrometheusArgs(
        scope=scope,
        name=MAIN,
        replicas=level.prometheus,
        resources=level.resources,
        storage=level.storage,
        storage_class=args.tier.storage_class,
        retention=level.retention,
        retention_size=level.retention_size,
        external_labels=args.origin,
        alertmanager="alertmanager-operated",
        tls_secret=TLS_SECRET if level.tls else None,
        object_storage_secret=OBJECT_STORAGE_SECRET if level.thanos and args.store else None,
        ingress=[itself, *([grafana] if level.grafana else []), *asking, *_analysis(args)],
        egress=[itself, alertmanager, *targets],
    )
