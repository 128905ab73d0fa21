"""What watches the monitoring itself: the monitors of Prometheus and Alertmanager, and the alerts on all its parts."""

from __future__ import annotations

from collections.abc import Iterator

import pulumi

from components.observability import own_alerts, stores
from components.observability.monitors import Endpoint, pod_monitor
from components.observability.rules import THANOS, RuleSet, prometheus_rule
from stacks.monitoring.config import MonitoringConfig
from stacks.monitoring.plan import TLS_SECRET, Plan


def watch(name: str, plan: Plan, config: MonitoringConfig, opts: pulumi.ResourceOptions) -> None:
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
    parts = list(_rules(plan, config))
    whole = RuleSet(name="monitoring", alerts=[alert for part in parts for alert in part.alerts])
    rules = whole.within(scope.namespace, system=scope.system)
    prometheus_rule(f"{name}-rules", scope=scope, component="monitoring-rules", rules=rules, opts=opts)
    if plan.further.thanos:
        lasting = own_alerts.long_term_rules().within(scope.namespace, system=scope.system)
        prometheus_rule(
            f"{name}-long-term", scope=scope, component="long-term-rules", rules=lasting, evaluator=THANOS, opts=opts
        )


def _of_prometheus(plan: Plan) -> list[Endpoint]:
    host = plan.scope.host("prometheus-operated")
    tls = {"ca": {"secret": {"name": TLS_SECRET, "key": "ca.crt"}}, "serverName": host}
    web = Endpoint(port="web", scheme=plan.prometheus.scheme, tls_config=tls if plan.prometheus.tls_secret else {})
    # The sidecar's port has the operator's name.
    return [web, *([Endpoint(port="http")] if plan.prometheus.object_storage_secret else [])]


def _rules(plan: Plan, config: MonitoringConfig) -> Iterator[RuleSet]:
    found = plan.further.sources
    yield stores.MONITORING
    yield own_alerts.exporter_rules(["kubelet", *(one.name for one in found.servers)] if found else ["kubelet"])
    if found:
        yield own_alerts.PROBES
    if config.remote_write:
        yield own_alerts.REMOTE_WRITE
    if plan.further.thanos:
        yield own_alerts.THANOS
