"""What the CloudLens document shows of its API, queries, cache, providers and cost analysis."""

from __future__ import annotations

from components.monitoring.dashboards import Board, Panel, Query, panel
from stacks.systems.cloudlens.metrics import METRICS


def _p95(histogram: str, label: str) -> str:
    return f"histogram_quantile(0.95, sum by ({label}, le) (rate({histogram}_bucket[5m])))"


BOARD = Board(
    uid="cloudlens",
    title="CloudLens",
    own=METRICS,
    panels=(
        panel("API requests", "sum by (endpoint) (rate(cloudlens_api_requests_total[5m]))", "{{endpoint}}", "reqps"),
        panel(
            "API errors",
            "sum(rate(cloudlens_api_errors_total[5m])) / sum(rate(cloudlens_api_requests_total[5m]))",
            unit="percentunit",
        ),
        Panel(
            title="API response time",
            unit="ms",
            queries=[
                Query(
                    expr=f"histogram_quantile({quantile}, sum by (le) (rate(cloudlens_api_duration_ms_bucket[5m])))",
                    legend=f"p{quantile * 100:g}",
                )
                for quantile in (0.5, 0.95, 0.99)
            ],
        ),
        panel("Queries by type and account", "sum by (type, account) (rate(cloudlens_resources_queries_total[5m]))"),
        panel("Cache hit rate", "cloudlens_cache_hit_rate", "{{resource_type}}", "percentunit"),
        panel("Query time", _p95("cloudlens_resources_query_duration_ms", "type"), "{{type}}", "ms"),
        panel("Cache hits", "sum by (resource_type) (rate(cloudlens_cache_hits_total[5m]))", "{{resource_type}}"),
        panel("Cache misses", "sum by (resource_type) (rate(cloudlens_cache_misses_total[5m]))", "{{resource_type}}"),
        panel("Provider call time", _p95("cloudlens_provider_api_duration_ms", "provider"), "{{provider}}", "ms"),
        panel("Cost analysis time", _p95("cloudlens_cost_analysis_duration_ms", "job"), "{{job}}", "ms"),
        panel("Provider calls", "sum by (provider, api) (rate(cloudlens_provider_api_calls_total[5m]))"),
        panel("Provider errors", "sum by (provider, api) (rate(cloudlens_provider_api_errors_total[5m]))"),
        panel("Resources analysed for cost", "rate(cloudlens_cost_analysis_resources_analyzed_total[5m])"),
        panel("Alerts triggered", "sum by (severity) (increase(cloudlens_alerts_triggered_total[1h]))"),
        panel("Alerts resolved", "sum by (severity) (increase(cloudlens_alerts_resolved_total[1h]))"),
    ),
)
