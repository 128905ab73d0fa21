"""Prometheus, run by its operator: what it keeps and for how long, what it may reach, where it sends."""

from components.monitoring.prometheus.args import (
    GRPC_PORT,
    LABELS,
    PORT,
    RELOADER,
    SECURITY,
    SIDECAR_PORT,
    SIDECAR_TLS,
    TLS_PATH,
    PrometheusArgs,
    RemoteWrite,
)
from components.monitoring.prometheus.component import Prometheus, specification

__all__ = [
    "GRPC_PORT",
    "LABELS",
    "PORT",
    "RELOADER",
    "SECURITY",
    "SIDECAR_PORT",
    "SIDECAR_TLS",
    "TLS_PATH",
    "Prometheus",
    "PrometheusArgs",
    "RemoteWrite",
    "specification",
]
