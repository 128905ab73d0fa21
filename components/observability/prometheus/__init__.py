"""Prometheus, run by its operator: what it keeps and for how long, what it may reach, where it sends."""

from components.observability.prometheus.args import LABELS, PORT, RELOADER, SECURITY, PrometheusArgs, RemoteWrite
from components.observability.prometheus.component import Prometheus
from components.observability.prometheus.spec import specification

__all__ = ["LABELS", "PORT", "RELOADER", "SECURITY", "Prometheus", "PrometheusArgs", "RemoteWrite", "specification"]
