"""What Prometheus scrapes of a database: its instances and its poolers."""

from __future__ import annotations

from typing import Any

from components.database.args import DatabaseArgs

# The names of the operator's container ports.
_PORT = "metrics"


def pod_monitor_spec(args: DatabaseArgs, *, poolers: bool) -> dict[str, Any]:
    """The `spec` of a PodMonitor of the instances, or of the `poolers`; every 30 seconds."""
    if poolers:
        names = [args.pooler_name(kind) for kind in args.pooler_kinds]
        selector: dict[str, Any] = {
            "matchExpressions": [{"key": "cnpg.io/poolerName", "operator": "In", "values": names}]
        }
    else:
        selector = {"matchLabels": args.cluster_pods | {"cnpg.io/podRole": "instance"}}
    return {"selector": selector, "podMetricsEndpoints": [{"port": _PORT, "interval": "30s"}]}
