"""The monitoring composed: its namespace, credentials, Prometheus and Alertmanager, and what watches those two."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from components.credentials import Credential, Credentials, SecretBundle, SecretBundleArgs, store_in_namespace
from components.footprint import ContainerResources
from components.namespace import NamespaceArgs, NamespaceBaseline
from components.network import Flow
from components.observability import stores
from components.observability.alertmanager import Alertmanager
from components.observability.certificate import certificate
from components.observability.grafana import Grafana
from components.observability.monitors import Endpoint, pod_monitor
from components.observability.prometheus import Prometheus
from components.observability.rules import prometheus_rule
from stacks.blueprint.args import SystemArgs
from stacks.blueprint.declaration import Declaration
from stacks.composition import MONITORING_NAMESPACE
from stacks.monitoring import notifications
from stacks.monitoring.plan import GRAFANA_SECRET, OBJECT_STORAGE_SECRET, TLS_SECRET, Plan, plan

NAME = MONITORING_NAMESPACE
_CONTAINER_DEFAULT = ContainerResources.of("10m", "100m", "32Mi", "64Mi")


class Monitoring(pulumi.ComponentResource):
    """Prometheus and Alertmanager for the whole environment. Outputs: `url` (of Prometheus, cluster-internal)."""

    url: str

    def __init__(
        self,
        args: SystemArgs,
        targets: Sequence[Flow],
        receivers: Sequence[Flow],
        systems: Sequence[Declaration],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("platform:systems:Monitoring", NAME, {}, opts)
        self._args = args
        self._plan = plan(args, args.scope(NAME), targets, receivers, systems)
        namespace = self._namespace(self._plan)
        own = pulumi.ResourceOptions(parent=self, depends_on=[namespace])
        store = store_in_namespace(args.store, self._plan.scope, own)
        child = pulumi.ResourceOptions(parent=self, depends_on=[namespace, *args.needs, *store])
        needs = [namespace, *self._secrets(child)]
        ready = pulumi.ResourceOptions(parent=self, depends_on=needs)
        Alertmanager(f"{NAME}-alertmanager", self._plan.alertmanager, ready)
        self.url = Prometheus(f"{NAME}-prometheus", self._plan.prometheus, ready).url
        if self._plan.grafana:
            Grafana(f"{NAME}-grafana", self._plan.grafana, ready)
        self._watch_itself(child)
        self.register_outputs({"url": self.url})

    def _namespace(self, plan: Plan) -> NamespaceBaseline:
        arguments = NamespaceArgs(
            scope=plan.scope,
            quota=plan.footprint(),
            container_default=_CONTAINER_DEFAULT,
            container_max=plan.largest(),
        )
        return NamespaceBaseline(NAME, arguments, pulumi.ResourceOptions(parent=self))

    def _secrets(self, opts: pulumi.ResourceOptions) -> list[pulumi.Resource]:
        """The credentials of the receivers and of Thanos, which only a secret store has, and the certificate."""
        made: list[pulumi.Resource] = []
        if self._args.store:
            made.append(self._bundle(notifications.SECRET, notifications.CREDENTIALS, opts))
        if self._plan.grafana:
            made += self._grafana_password(opts)
        if self._plan.prometheus.object_storage_secret:
            made.append(self._bundle(OBJECT_STORAGE_SECRET, {"configuration": OBJECT_STORAGE_SECRET}, opts))
        if self._plan.prometheus.tls_secret:
            host = self._plan.scope.host("prometheus-operated")
            made += certificate(f"{NAME}-tls", scope=self._plan.scope, secret_name=TLS_SECRET, hosts=[host], opts=opts)
        return made

    def _grafana_password(self, opts: pulumi.ResourceOptions) -> list[pulumi.Resource]:
        credentials = Credentials(f"{NAME}-credentials", self._args.store, opts)
        arguments = SecretBundleArgs(
            scope=self._plan.scope,
            secret_name=GRAFANA_SECRET,
            component=GRAFANA_SECRET,
            secret={"password": credentials.credential("grafana-admin-password")},
            plain={},
            store=self._args.store,
        )
        return [credentials, SecretBundle(f"{NAME}-{GRAFANA_SECRET}", arguments, opts)]

    def _bundle(self, secret: str, credentials: dict[str, str], opts: pulumi.ResourceOptions) -> SecretBundle:
        arguments = SecretBundleArgs(
            scope=self._plan.scope,
            secret_name=secret,
            component=secret,
            secret={key: Credential(name=name) for key, name in credentials.items()},
            plain={},
            store=self._args.store,
        )
        return SecretBundle(f"{NAME}-{secret}", arguments, opts)

    def _watch_itself(self, opts: pulumi.ResourceOptions) -> None:
        scope, prometheus, alertmanager = self._plan.scope, self._plan.prometheus, self._plan.alertmanager
        tls = {"ca": {"secret": {"name": TLS_SECRET, "key": "ca.crt"}}, "serverName": scope.host("prometheus-operated")}
        web = Endpoint(port="web", scheme=prometheus.scheme, tls_config=tls if prometheus.tls_secret else {})
        for component, pods, endpoint in (
            ("prometheus", prometheus.pods, web),
            ("alertmanager", alertmanager.pods, Endpoint(port="web")),
        ):
            pod_monitor(
                f"{NAME}-{component}",
                scope=scope,
                component=component,
                selector=pods,
                endpoints=[endpoint],
                opts=opts,
            )
        rules = stores.MONITORING.within(scope.namespace, system=scope.system)
        prometheus_rule(f"{NAME}-rules", scope=scope, component="monitoring-rules", rules=rules, opts=opts)
