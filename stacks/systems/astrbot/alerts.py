"""The alerts of the AstrBot document, section 4.1."""

from __future__ import annotations

from components.monitoring.alerts import Alert, Recording
from components.monitoring.rules import RuleSet

_BY_SERVICE = "sum by (namespace, job)"
_AVAILABLE, _WANTED = (
    f'sum by (namespace, deployment) (kube_deployment_{name}{{$scope,deployment=~"astrbot-instance-.+"}})'
    for name in ("status_replicas_available", "spec_replicas")
)

RULES = RuleSet(
    name="astrbot",
    recordings=(
        Recording(record="job:http_requests:rate5m", expr=f"{_BY_SERVICE} (rate(http_requests_total{{$scope}}[5m]))"),
        Recording(
            record="job:http_request_duration:p95",
            expr=(
                "histogram_quantile(0.95, sum by (namespace, job, le) "
                "(rate(http_request_duration_seconds_bucket{$scope}[5m])))"
            ),
        ),
    ),
    alerts=(
        Alert(
            name="HighAPILatency",
            expr=(
                "histogram_quantile(0.95, sum by (namespace, job, le) "
                "(rate(http_request_duration_seconds_bucket{$scope}[5m]))) > 0.5"
            ),
            for_="2m",
            severity="warning",
            summary="{{ $labels.job }} answers slowly",
            description="95 % of requests take up to {{ $value | humanizeDuration }}: over 500 ms.",
        ),
        Alert(
            name="HighErrorRate",
            expr=(
                f'{_BY_SERVICE} (rate(http_requests_total{{$scope,status=~"5.."}}[5m])) / '
                f"{_BY_SERVICE} (rate(http_requests_total{{$scope}}[5m])) > 0.05"
            ),
            for_="1m",
            severity="critical",
            summary="{{ $labels.job }} answers with errors",
            description="{{ $value | humanizePercentage }} of requests failed in 5 minutes: over 5 %.",
        ),
        Alert(
            name="HighMemoryUsage",
            expr=(
                'container_memory_working_set_bytes{$scope,container!=""} / '
                '(container_spec_memory_limit_bytes{$scope,container!=""} > 0) > 0.9'
            ),
            for_="5m",
            severity="warning",
            summary="{{ $labels.pod }} has hardly any memory left",
            description="{{ $labels.container }} uses {{ $value | humanizePercentage }} of its limit: over 90 %.",
        ),
        Alert(
            name="AstrBotInstanceDown",
            expr='up{$scope,job="astrbot-instance"} == 0',
            # One without a pod has no target; how many there should be, only the API server knows.
            missing=f"({_AVAILABLE} == 0 and {_WANTED} > 0)",
            for_="1m",
            severity="critical",
            summary="An AstrBot instance is offline",
            description=(
                "AstrBot instance {{ or $labels.deployment $labels.instance }} cannot be reached: its tenant gets no "
                "answers."
            ),
        ),
    ),
)
