"""The monitoring composed: its namespace, credentials, Prometheus, Alertmanager, exporters, and what watches them."""

from __future__ import annotations

import pulumi

from components.credentials import store_in_namespace
from components.footprint import ContainerResources
from components.namespace import NamespaceArgs, NamespaceBaseline
from components.observability.alertmanager import Alertmanager
from components.observability.exporters.kubelet import kubelet_monitor
from components.observability.grafana import Grafana
from components.observability.prometheus import Prometheus
from stacks.blueprint.args import SystemArgs
from stacks.composition import MONITORING_NAMESPACE
from stacks.monitoring.config import MonitoringConfig
from stacks.monitoring.plan import Plan, Surroundings, plan
from stacks.monitoring.secrets import secrets
from stacks.monitoring.watching import watch

NAME = MONITORING_NAMESPACE
_CONTAINER_DEFAULT = ContainerResources.of("10m", "100m", "32Mi", "64Mi")


class Monitoring(pulumi.ComponentResource):
    """Prometheus and Alertmanager for the whole environment. Outputs: `url` (of Prometheus, or where an agent's samples
    are asked for)."""

    url: str

    def __init__(
        self,
        args: SystemArgs,
        around: Surroundings,
        config: MonitoringConfig | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("platform:systems:Monitoring", NAME, {}, opts)
        self._args, self._config = args, config or MonitoringConfig()
        self._plan = plan(args, args.scope(NAME), around, self._config)
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

    def _namespace(self, plan: Plan) -> NamespaceBaseline:
        arguments = NamespaceArgs(
            scope=plan.scope,
            quota=plan.footprint(),
            container_default=_CONTAINER_DEFAULT,
            container_max=plan.largest(),
        )
        return NamespaceBaseline(NAME, arguments, pulumi.ResourceOptions(parent=self))

    def _exporters(self, opts: pulumi.ResourceOptions) -> None:
        found = self._plan.further.sources
        if found is None:
            return
        # Only here: a development environment has none of them.
        from components.observability.exporters.blackbox import BlackboxExporter
        from components.observability.exporters.kube_state_metrics import KubeStateMetrics
        from components.observability.exporters.node import NodeExporter
        from components.observability.exporters.pushgateway import Pushgateway

        KubeStateMetrics(f"{NAME}-{found.state.name}", found.state, opts)
        NodeExporter(f"{NAME}-{found.node.name}", found.node, opts)
        BlackboxExporter(f"{NAME}-{found.blackbox.name}", found.blackbox, found.probes, opts)
        Pushgateway(f"{NAME}-{found.pushgateway.name}", found.pushgateway, opts)

    def _long_term(self, opts: pulumi.ResourceOptions) -> None:
        if self._plan.further.thanos:
            from components.observability.thanos import Thanos

            Thanos(f"{NAME}-thanos", self._plan.further.thanos, opts)

    def _federation(self, opts: pulumi.ResourceOptions) -> None:
        from components.observability.monitors import federation

        for one in self._config.federate:
            federation(
                f"{NAME}-federate-{one.name}",
                scope=self._plan.scope,
                component=f"federate-{one.name}",
                target=one.target,
                matches=one.match,
                opts=opts,
            )
