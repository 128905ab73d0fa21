"""What Prometheus scrapes of a database, its instances and its poolers, and the alerts that it brings with itself."""

from __future__ import annotations

import pulumi

from components.database.args import DatabaseArgs
from components.observability import stores
from components.observability.monitors import Endpoint, pod_monitor
from components.observability.rules import prometheus_rule

# The name of the operator's container ports, of instances and poolers alike.
_ENDPOINTS = (Endpoint(port="metrics"),)


def monitors(name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions) -> None:
    """A PodMonitor of the instances, one of each pooler, and the PrometheusRule."""
    scope, component = args.scope, args.cluster_name
    pod_monitor(name, scope=scope, component=component, selector=args.instance_pods, endpoints=_ENDPOINTS, opts=opts)
    for kind in args.pooler_kinds:
        pod_monitor(
            f"{name}-pooler-{kind}",
            scope=scope,
            component=args.pooler_name(kind),
            selector=args.pooler_pods(kind),
            endpoints=_ENDPOINTS,
            opts=opts,
        )
    if not args.alerts:
        return
    rules = stores.POSTGRESQL.within(scope.namespace, system=scope.system)
    prometheus_rule(name, scope=scope, component=component, rules=rules, opts=opts)
