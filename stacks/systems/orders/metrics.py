"""What the orders document's applications tell of the business (section 8.1)."""

from __future__ import annotations

METRICS = (
    "orders_total",
    "orders_revenue_cents",
    "active_orders",
    "order_creation_duration_seconds",
    "payment_processing_duration_seconds",
    "inventory_updates_total",
)
