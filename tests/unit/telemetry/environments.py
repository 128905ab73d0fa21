"""Environments with logs and traces of every kind, as text."""

from __future__ import annotations

SMALL = """\
config:
  saas-platform:tier: test
  saas-platform:domain: example.com
  saas-platform:cluster: {kind: existing, context: test}
  saas-platform:systems: {orders: {}}
"""


def with_keys(*lines: str) -> str:
    """A small environment with further keys."""
    return SMALL + "".join(f"  saas-platform:{line}\n" for line in lines)


def jaeger() -> str:
    """All lines to an Elasticsearch elsewhere, traces to Jaeger."""
    elasticsearch = "{kind: elasticsearch, elasticsearch: {url: 'https://logs.example.com'}}"
    return with_keys(f"logs: {elasticsearch}", "traces: {kind: jaeger, sampling_rate: 0.5}")
