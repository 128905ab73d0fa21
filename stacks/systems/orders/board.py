"""The orders document's metrics of the business (section 8.1)."""

from __future__ import annotations

from components.monitoring.dashboards import Board, panel
from stacks.systems.orders.metrics import METRICS

BOARD = Board(
    uid="orders",
    title="Orders",
    own=METRICS,
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
