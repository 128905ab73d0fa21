"""What the CloudLens document's applications tell, by OpenTelemetry, in Prometheus' spelling."""

from __future__ import annotations

METRICS = (
    "cloudlens_api_requests_total",
    "cloudlens_api_errors_total",
    "cloudlens_api_duration_ms",
    "cloudlens_cache_hit_rate",
    "cloudlens_cache_hits_total",
    "cloudlens_cache_misses_total",
    "cloudlens_resources_queries_total",
    "cloudlens_resources_query_duration_ms",
    "cloudlens_provider_api_calls_total",
    "cloudlens_provider_api_errors_total",
    "cloudlens_provider_api_duration_ms",
    "cloudlens_cost_analysis_duration_ms",
    "cloudlens_cost_analysis_resources_analyzed_total",
    "cloudlens_alerts_triggered_total",
    "cloudlens_alerts_resolved_total",
)
