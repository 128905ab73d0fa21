"""The four alerts of the CloudLens document. Its metrics are those of OpenTelemetry, in Prometheus' spelling."""

from __future__ import annotations

from components.monitoring.alerts import Alert
from components.monitoring.rules import RuleSet
from stacks.systems.cloudlens.metrics import METRICS

_LOOKUPS = " + ".join(
    f"sum by (namespace, job, instance) (increase(cloudlens_cache_{name}_total{{$scope}}[10m]))"
    for name in ("hits", "misses")
)

RULES = RuleSet(
    name="cloudlens",
    own=METRICS,
    alerts=(
        Alert(
            name="HighErrorRate",
            expr="sum by (namespace, job) (rate(cloudlens_api_errors_total{$scope}[5m])) > 0.1",
            for_="5m",
            severity="critical",
            summary="The CloudLens API answers with errors",
            description="{{ $value | humanize }} errors a second: over 0.1.",
        ),
        Alert(
            name="HighLatency",
            expr=(
                "histogram_quantile(0.95, sum by (namespace, job, le) "
                "(rate(cloudlens_api_duration_ms_bucket{$scope}[5m]))) > 1000"
            ),
            for_="5m",
            severity="warning",
            summary="The CloudLens API answers slowly",
            description="The 95th percentile is {{ $value | humanize }} ms: over 1000 ms.",
        ),
        Alert(
            name="LowCacheHitRate",
            expr="cloudlens_cache_hit_rate{$scope} < 0.5",
            # Of a cache that nobody asks the rate is that of long ago, or 0 of 0.
            silent=f"on (namespace, job, instance) {_LOOKUPS} == 0",
            for_="10m",
            severity="warning",
            summary="CloudLens asks the cloud providers too often",
            description="{{ $value | humanizePercentage }} of look-ups hit the cache: under 50 %.",
        ),
        Alert(
            name="PodCrashLooping",
            expr="rate(kube_pod_container_status_restarts_total{$scope}[15m]) > 0",
            for_="5m",
            severity="critical",
            summary="{{ $labels.pod }} restarts again and again",
            description="Container {{ $labels.container }} of {{ $labels.pod }} restarted within the last 15 minutes.",
        ),
    ),
)
