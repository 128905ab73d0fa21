"""The ten alerts of the federated risk document. Those of nodes look at the whole cluster."""

from __future__ import annotations

from components.monitoring.absence import SCALED_TO_ZERO, gone
from components.monitoring.alerts import Alert
from components.monitoring.rules import RuleSet
from components.stores.postgres.facts import FACTS as POSTGRES
from stacks.systems.federated_risk.metrics import METRICS

# The jobs of `prometheus.yml`.
_SERVICES = ("consent-service", "psi-service", "model-serving")

RULES = RuleSet(
    name="federated-risk",
    own=(*METRICS, *POSTGRES.metrics),
    alerts=(
        Alert(
            name="ServiceDown",
            expr="up{$scope} == 0",
            missing=gone(_SERVICES),
            silent=SCALED_TO_ZERO,
            for_="1m",
            severity="critical",
            summary="Service {{ $labels.job }} is not available",
            description="{{ $labels.instance }} of {{ $labels.job }} has been offline for 1 minute, or is gone.",
        ),
        Alert(
            name="HighErrorRate",
            expr=(
                'sum by (namespace, job) (rate(http_requests_total{$scope,status=~"5.."}[5m])) / '
                "sum by (namespace, job) (rate(http_requests_total{$scope}[5m])) > 0.05"
            ),
            for_="2m",
            severity="warning",
            summary="{{ $labels.job }} answers with errors",
            description="{{ $value | humanizePercentage }} of requests failed in 5 minutes: over 5 %.",
        ),
        Alert(
            name="HighLatency",
            expr=(
                "histogram_quantile(0.95, sum by (namespace, job, le) "
                "(rate(http_request_duration_seconds_bucket{$scope}[5m]))) > 0.5"
            ),
            for_="3m",
            severity="warning",
            summary="{{ $labels.job }} answers slowly",
            description="The 95th percentile is {{ $value | humanizeDuration }}: over 500 ms.",
        ),
        Alert(
            name="HighMemoryUsage",
            expr="(1 - (node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)) * 100 > 85",
            for_="5m",
            severity="warning",
            summary="Node {{ $labels.instance }} has hardly any memory left",
            description="{{ $value | humanize }} % of its memory is in use: over 85 %.",
        ),
        Alert(
            name="HighCPUUsage",
            expr='100 - (avg by (instance) (irate(node_cpu_seconds_total{mode="idle"}[5m])) * 100) > 80',
            for_="5m",
            severity="warning",
            summary="The CPUs of node {{ $labels.instance }} are busy",
            description="{{ $value | humanize }} % of its CPU time is in use: over 80 %.",
        ),
        Alert(
            name="DiskSpaceLow",
            expr=(
                '(1 - (node_filesystem_avail_bytes{fstype!~"tmpfs|overlay"} / '
                'node_filesystem_size_bytes{fstype!~"tmpfs|overlay"})) * 100 > 85'
            ),
            for_="5m",
            severity="warning",
            summary="{{ $labels.mountpoint }} of node {{ $labels.instance }} is nearly full",
            description="{{ $value | humanize }} % of the file system is in use: over 85 %.",
        ),
        Alert(
            name="DatabaseConnectionHigh",
            expr="sum by (namespace, instance) (cnpg_backends_total{$scope}) > 80",
            for_="2m",
            severity="warning",
            summary="PostgreSQL has many connections",
            description="{{ $labels.instance }} has {{ $value }} connections: over 80.",
        ),
        Alert(
            name="PSIPerformanceDegraded",
            expr=(
                "rate(psi_intersection_duration_seconds_sum{$scope}[5m]) / "
                "rate(psi_intersection_duration_seconds_count{$scope}[5m]) > 10"
            ),
            for_="3m",
            severity="warning",
            summary="Private set intersection is slow",
            description="An intersection takes {{ $value | humanizeDuration }} on average: over 10 s.",
        ),
        Alert(
            name="ModelInferenceSlowdown",
            expr=(
                "rate(model_inference_duration_seconds_sum{$scope}[5m]) / "
                "rate(model_inference_duration_seconds_count{$scope}[5m]) > 1"
            ),
            for_="2m",
            severity="warning",
            summary="The model answers slowly",
            description="An inference takes {{ $value | humanizeDuration }} on average: over 1 s.",
        ),
        Alert(
            name="PrivacyBudgetLow",
            expr="privacy_budget_remaining{$scope} < 0.2",
            severity="critical",
            summary="The privacy budget is nearly spent",
            description="{{ $value | humanizePercentage }} of the budget is left: under 20 %.",
        ),
    ),
)
