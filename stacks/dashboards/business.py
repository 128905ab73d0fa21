"""What each system's own people want to see, from the metrics that their documents name."""

from __future__ import annotations

from components.observability.dashboards import Board, Panel, Query
from stacks.dashboards.platform import panel


def _p95(histogram: str, label: str) -> str:
    return f"histogram_quantile(0.95, sum by ({label}, le) (rate({histogram}_bucket[5m])))"


ASTRBOT = Board(
    uid="astrbot",
    title="AstrBot",
    panels=(
        panel(
            "API requests",
            'sum by (method, endpoint) (rate(http_requests_total{namespace="astrbot"}[1m]))',
            "{{method}} {{endpoint}}",
            "reqps",
        ),
        panel(
            "Response times",
            'sum by (le) (rate(http_request_duration_seconds_bucket{namespace="astrbot"}[5m]))',
            "{{le}}",
            kind="heatmap",
        ),
        panel(
            "Active tenants",
            'count(count by (tenant_id) (rate(http_requests_total{namespace="astrbot",tenant_id!=""}[5m])))',
            kind="stat",
        ),
        panel("Instances", 'up{namespace="astrbot",job="astrbot-instance"}', kind="table"),
    ),
)
CLOUDLENS = Board(
    uid="cloudlens",
    title="CloudLens",
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
ORDERS = Board(
    uid="orders",
    title="Orders",
    panels=(
        panel("Orders", "sum by (status) (rate(orders_total[5m]))", "{{status}}"),
        panel("Active orders", "sum(active_orders)", kind="stat"),
        panel("Revenue per hour, in cents", "sum(increase(orders_revenue_cents[1h]))", kind="stat"),
        panel(
            "Time to create an order",
            "histogram_quantile(0.95, sum by (le) (rate(order_creation_duration_seconds_bucket[5m])))",
            unit="s",
        ),
        panel(
            "Time to process a payment",
            "histogram_quantile(0.95, sum by (le) (rate(payment_processing_duration_seconds_bucket[5m])))",
            unit="s",
        ),
        panel("Inventory updates", "sum(rate(inventory_updates_total[5m]))"),
    ),
)
FEDERATED_RISK = Board(
    uid="federated-risk",
    title="Federated risk",
    panels=(
        panel(
            "Private set intersection",
            "rate(psi_intersection_duration_seconds_sum[5m]) / rate(psi_intersection_duration_seconds_count[5m])",
            unit="s",
        ),
        panel(
            "Model inference",
            "rate(model_inference_duration_seconds_sum[5m]) / rate(model_inference_duration_seconds_count[5m])",
            unit="s",
        ),
        panel("Privacy budget left", "privacy_budget_remaining", unit="percentunit", kind="stat"),
    ),
)
