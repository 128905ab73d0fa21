"""The alerts of the multi-cluster manager's document, section 3. Those of nodes and pods look at the whole cluster."""

from __future__ import annotations

from components.monitoring.alerts import Alert
from components.monitoring.rules import RuleSet

_INTERVAL = "30s"


def _node_condition(name: str, condition: str, for_: str, trouble: str) -> Alert:
    status = 'status!="true"' if condition == "Ready" else 'status="true"'
    return Alert(
        name=name,
        expr=f'kube_node_status_condition{{condition="{condition}",{status}}} == 1',
        for_=for_,
        severity="warning",
        interval=_INTERVAL,
        summary=f"Node {{{{ $labels.node }}}} {trouble}",
        description=f"Node {{{{ $labels.node }}}} {trouble}, for more than {for_}.",
    )


RULES = RuleSet(
    name="multicluster",
    alerts=(
        _node_condition("NodeNotReady", "Ready", "5m", "is not ready"),
        _node_condition("NodeMemoryPressure", "MemoryPressure", "5m", "runs out of memory"),
        _node_condition("NodeDiskPressure", "DiskPressure", "5m", "runs out of disk"),
        Alert(
            name="PodCrashLooping",
            expr="rate(kube_pod_container_status_restarts_total[15m]) > 0",
            for_="5m",
            severity="warning",
            interval=_INTERVAL,
            summary="Pod {{ $labels.namespace }}/{{ $labels.pod }} is crash looping",
            description="Container {{ $labels.container }} restarted within the last 15 minutes.",
        ),
        Alert(
            name="PodNotReady",
            expr='kube_pod_status_ready{condition="false"} == 1',
            # What has finished is not ready for ever, and what has failed is replaced: others tell of that.
            silent='on (namespace, pod) kube_pod_status_phase{phase=~"Succeeded|Failed"} == 1',
            for_="10m",
            severity="warning",
            interval=_INTERVAL,
            summary="Pod {{ $labels.namespace }}/{{ $labels.pod }} is not ready",
            description="Its Service sends it no traffic, for more than 10 minutes.",
        ),
        Alert(
            name="HighCPUUsage",
            expr=(
                'sum by (node) (rate(container_cpu_usage_seconds_total{container!=""}[5m])) / '
                'sum by (node) (kube_node_status_capacity{resource="cpu"}) > 0.8'
            ),
            for_="10m",
            severity="warning",
            interval=_INTERVAL,
            summary="High CPU usage on node {{ $labels.node }}",
            description="CPU usage is {{ $value | humanizePercentage }}: above 80 % for more than 10 minutes.",
        ),
        Alert(
            name="HighMemoryUsage",
            expr=(
                'sum by (node) (container_memory_working_set_bytes{container!=""}) / '
                'sum by (node) (kube_node_status_capacity{resource="memory"}) > 0.9'
            ),
            for_="10m",
            severity="warning",
            interval=_INTERVAL,
            summary="High memory usage on node {{ $labels.node }}",
            description="Memory usage is {{ $value | humanizePercentage }}: above 90 % for more than 10 minutes.",
        ),
        Alert(
            name="DeploymentReplicasMismatch",
            expr="kube_deployment_spec_replicas != kube_deployment_status_replicas_available",
            for_="10m",
            severity="warning",
            interval=_INTERVAL,
            summary="Deployment {{ $labels.namespace }}/{{ $labels.deployment }} lacks replicas",
            description="It wants {{ $value }} replicas and has had another number for more than 10 minutes.",
        ),
        Alert(
            name="HighErrorRate",
            expr=(
                'sum by (namespace, job) (rate(http_requests_total{$scope,status=~"5.."}[5m])) / '
                "sum by (namespace, job) (rate(http_requests_total{$scope}[5m])) > 0.05"
            ),
            for_="5m",
            severity="critical",
            interval=_INTERVAL,
            summary="High error rate for {{ $labels.job }}",
            description="{{ $value | humanizePercentage }} of requests fail: above 5 % for more than 5 minutes.",
        ),
        Alert(
            name="HighLatency",
            expr=(
                "histogram_quantile(0.95, sum by (namespace, job, le) "
                "(rate(http_request_duration_seconds_bucket{$scope}[5m]))) > 1"
            ),
            for_="5m",
            severity="warning",
            interval=_INTERVAL,
            summary="High latency for {{ $labels.job }}",
            description="The 95th percentile is {{ $value | humanizeDuration }}: above 1 s for more than 5 minutes.",
        ),
    ),
)
