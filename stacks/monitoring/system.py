"""The monitoring composed: namespace, credentials, Prometheus, Alertmanager, exporters, and what watches itself."""

from __future__ import annotations

from collections.abc import Iterator

import pulumi

from components.kubernetes.footprint import ContainerResources
from components.kubernetes.namespace import NamespaceArgs, NamespaceBaseline
from components.monitoring import cluster_alerts, own_alerts
from components.monitoring.alertmanager import Alertmanager
from components.monitoring.exporters.kubelet import kubelet_monitor
from components.monitoring.grafana import Grafana
from components.monitoring.monitors import Endpoint, pod_monitor
from components.monitoring.prometheus import Prometheus
from components.monitoring.rules import THANOS, RuleSet, prometheus_rule
from components.platform.credentials import store_in_namespace
from stacks.monitoring.plan import TLS_SECRET, MonitoredSystems, MonitoringPlan, plan
from stacks.monitoring.secrets import secrets
from stacks.schema.monitoring import MonitoringConfig
from stacks.system.environment_context import EnvironmentContext
from stacks.system.flows import MONITORING_NAMESPACE


def watch(name: str, plan: MonitoringPlan, config: MonitoringConfig, opts: pulumi.ResourceOptions) -> None:
    """Register the monitors and rules. Where an agent is, rules are judged elsewhere."""
    scope = plan.scope
    watched = {plan.prometheus.application: (plan.prometheus.pods, _of_prometheus(plan))}
    if plan.alertmanager:
        watched["alertmanager"] = (plan.alertmanager.pods, [Endpoint(port="web")])
    for component, (pods, endpoints) in watched.items():
        pod_monitor(
            f"{name}-{component}", scope=scope, component=component, selector=pods, endpoints=endpoints, opts=opts
        )
    if plan.alertmanager is None:
        return
    whole = RuleSet(name="monitoring").plus(*_rules(plan, config)).with_sources(plan.level.sources)
    rules = whole.within(scope.namespace, system=scope.system)
    prometheus_rule(f"{name}-rules", scope=scope, component="monitoring-rules", rules=rules, opts=opts)
    if plan.extras.thanos:
        lasting = own_alerts.long_term_rules().within(scope.namespace, system=scope.system)
        prometheus_rule(
            f"{name}-long-term", scope=scope, component="long-term-rules", rules=lasting, evaluator=THANOS, opts=opts
        )


def _of_prometheus(plan: MonitoringPlan) -> list[Endpoint]:
    host = plan.scope.host("prometheus-operated")
    tls = {"ca": {"secret": {"name": TLS_SECRET, "key": "ca.crt"}}, "serverName": host}
    web = Endpoint(port="web", scheme=plan.prometheus.scheme, tls_config=tls if plan.prometheus.tls_secret else {})
    # The sidecar's port has the operator's name.
    return [web, *([Endpoint(port="http")] if plan.prometheus.object_storage_secret else [])]


def _rules(plan: MonitoringPlan, config: MonitoringConfig) -> Iterator[RuleSet]:
    found = plan.extras.sources
    yield own_alerts.MONITORING
    yield own_alerts.presence_rules(plan.expected())
    yield own_alerts.exporter_rules(["kubelet", *(one.name for one in found.servers)] if found else ["kubelet"])
    yield from (cluster_alerts.WORKLOADS, cluster_alerts.JOBS, cluster_alerts.VOLUMES)
    if found:
        yield own_alerts.probe_rules([f"probe-{name}" for name in found.probes])
    if config.remote_write:
        yield own_alerts.REMOTE_WRITE
    if plan.extras.thanos:
        yield own_alerts.THANOS


NAME = MONITORING_NAMESPACE
_CONTAINER_DEFAULT = ContainerResources.of("10m", "100m", "32Mi", "64Mi")


class Monitoring(pulumi.ComponentResource):
    """Prometheus and Alertmanager for the whole environment. Outputs: `url` (of Prometheus, or where an agent's samples
    are asked for)."""

    url: str

    def __init__(
        self,
        args: EnvironmentContext,
        monitored: MonitoredSystems,
        config: MonitoringConfig | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("platform:systems:Monitoring", NAME, {}, opts)
        self._args, self._config = args, config or MonitoringConfig()
        self._plan = plan(args, args.scope(NAME), monitored, self._config)
        namespace = self._namespace(self._plan)
        own = pulumi.ResourceOptions(parent=self, depends_on=[namespace])
        store = store_in_namespace(args.store, self._plan.scope, own)
        child = pulumi.ResourceOptions(parent=self, depends_on=[namespace, *args.needs, *store])
        needs = [namespace, *secrets(NAME, args, self._plan, self._config, child)]
        ready = pulumi.ResourceOptions(parent=self, depends_on=needs)
        if self._plan.alertmanager:
            Alertmanager(f"{NAME}-alertmanager", self._plan.alertmanager, ready)
        self.url = Prometheus(f"{NAME}-prometheus", self._plan.prometheus, ready).url
        if self._plan.grafana:
            Grafana(f"{NAME}-grafana", self._plan.grafana, ready)
        kubelet_monitor(f"{NAME}-kubelet", scope=self._plan.scope, opts=child)
        self._exporters(child)
        self._long_term(ready)
        self._federation(child)
        watch(NAME, self._plan, self._config, child)
        self.register_outputs({"url": self.url})

    def _namespace(self, plan: MonitoringPlan) -> NamespaceBaseline:
        arguments = NamespaceArgs(
            scope=plan.scope,
            quota=plan.footprint(),
            container_default=_CONTAINER_DEFAULT,
            container_max=plan.largest(),
        )
        return NamespaceBaseline(NAME, arguments, pulumi.ResourceOptions(parent=self))

    def _exporters(self, opts: pulumi.ResourceOptions) -> None:
        found = self._plan.extras.sources
        if found is None:
            return
        # Only here: a development environment has none of them.
        from components.monitoring.exporters.blackbox import BlackboxExporter
        from components.monitoring.exporters.kube_state_metrics import KubeStateMetrics
        from components.monitoring.exporters.node import NodeExporter
        from components.monitoring.exporters.pushgateway import Pushgateway

        KubeStateMetrics(f"{NAME}-{found.state.name}", found.state, opts)
        NodeExporter(f"{NAME}-{found.node.name}", found.node, opts)
        BlackboxExporter(f"{NAME}-{found.blackbox.name}", found.blackbox, found.probes, opts)
        Pushgateway(f"{NAME}-{found.pushgateway.name}", found.pushgateway, opts)

    def _long_term(self, opts: pulumi.ResourceOptions) -> None:
        if self._plan.extras.thanos:
            from components.monitoring.thanos import Thanos

            Thanos(f"{NAME}-thanos", self._plan.extras.thanos, opts)

    def _federation(self, opts: pulumi.ResourceOptions) -> None:
        from components.monitoring.monitors import federation

        for one in self._config.federate:
            federation(
                f"{NAME}-federate-{one.name}",
                scope=self._plan.scope,
                component=f"federate-{one.name}",
                target=one.target,
                matches=one.match,
                opts=opts,
            )
