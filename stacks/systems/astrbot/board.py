"""What the AstrBot document shows of its interface, tenants and instances (section 4.1)."""

from __future__ import annotations

from components.monitoring.dashboards import Board, panel

BOARD = Board(
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
