"""The alerts and recording rules of the orders document, sections 5.1 to 5.3 and 8.2."""

from __future__ import annotations

from components.monitoring.absence import SCALED_TO_ZERO, gone
from components.monitoring.alerts import Alert, Recording
from components.monitoring.rules import RuleSet
from stacks.systems.orders.metrics import METRICS
from stacks.systems.orders.services import APPLICATION, SEVERAL_PORTS, STATEFUL

_BACKEND = {"team": "backend"}
_P95 = "histogram_quantile(0.95, sum by (namespace, job, le) (rate(http_request_duration_seconds_bucket{$scope}[5m])))"

RULES = RuleSet(
    name="orders",
    own=METRICS,
    recordings=(
        Recording(
            record="job:http_requests:rate5m",
            expr="sum by (namespace, job, method, status) (rate(http_requests_total{$scope}[5m]))",
            interval="30s",
        ),
        Recording(
            record="job:http_errors:rate5m",
            expr="sum by (namespace, job) (rate(http_errors_total{$scope}[5m]))",
            interval="30s",
        ),
        Recording(record="job:http_request_duration:p95", expr=_P95, interval="30s"),
    ),
    alerts=(
        Alert(
            name="HighErrorRate",
            expr=(
                "sum by (namespace, job) (rate(http_errors_total{$scope}[5m])) / "
                "sum by (namespace, job) (rate(http_requests_total{$scope}[5m])) > 0.05"
            ),
            for_="5m",
            severity="warning",
            interval="30s",
            labels=_BACKEND,
            summary="{{ $labels.job }} answers with errors",
            description="The error rate is {{ $value | humanizePercentage }} (threshold: 5 %).",
        ),
        Alert(
            name="HighLatency",
            expr=f"{_P95} > 1.0",
            for_="10m",
            severity="warning",
            interval="30s",
            labels=_BACKEND,
            summary="{{ $labels.job }} answers slowly",
            description="The 95th percentile is {{ $value }} s (threshold: 1 s).",
        ),
        Alert(
            name="PodDown",
            expr='up{$scope,job="rust-app"} == 0',
            missing=gone([APPLICATION]),
            silent=SCALED_TO_ZERO,
            for_="1m",
            severity="critical",
            interval="30s",
            labels={"team": "sre"},
            summary="Pod {{ or $labels.pod $labels.job }} is down",
            description="Instance {{ $labels.instance }} has been down for more than 1 minute, or no pod is there.",
        ),
        Alert(
            name="HighMemoryUsage",
            expr=(
                'container_memory_working_set_bytes{$scope,pod=~"rust-app-.*",container!=""} / '
                '(container_spec_memory_limit_bytes{$scope,pod=~"rust-app-.*",container!=""} > 0) > 0.9'
            ),
            for_="5m",
            severity="warning",
            interval="30s",
            labels=_BACKEND,
            summary="{{ $labels.pod }} has hardly any memory left",
            description="Memory usage is {{ $value | humanizePercentage }} of the limit.",
        ),
        Alert(
            name="ServiceDown",
            expr="up{$scope} == 0",
            missing=gone([APPLICATION, STATEFUL, SEVERAL_PORTS]),
            silent=SCALED_TO_ZERO,
            for_="1m",
            severity="critical",
            interval="60s",
            summary="{{ $labels.job }} does not answer its scrapes",
            description="{{ $labels.instance }} has been unreachable for more than 1 minute, or the service is gone.",
        ),
        Alert(
            name="HighCPU",
            expr="rate(process_cpu_seconds_total{$scope}[5m]) > 0.8",
            for_="10m",
            severity="warning",
            interval="300s",
            summary="{{ $labels.pod }} keeps a core busy",
            description="{{ $labels.instance }} uses {{ $value | humanize }} cores: over 0.8.",
        ),
        Alert(
            name="RustAppDown",
            expr='up{$scope,job="rust-app"} == 0',
            missing=gone([APPLICATION]),
            silent=SCALED_TO_ZERO,
            for_="1m",
            severity="critical",
            interval="30s",
            summary="The orders application is down",
            description="{{ $labels.instance }} has been unreachable for 1 minute, or is gone: orders are lost.",
        ),
    ),
)
