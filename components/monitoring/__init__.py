"""Metrics, alerts, their routing, logs, traces and dashboards: what watches the platform, as code."""
