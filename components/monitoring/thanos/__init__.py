"""Thanos: what Prometheus has uploaded, kept for longer, asked together with what it has not uploaded yet."""

from components.monitoring.thanos.args import HTTP_PORT, ThanosArgs
from components.monitoring.thanos.component import Thanos

__all__ = ["HTTP_PORT", "Thanos", "ThanosArgs"]
