"""Grafana's data sources for logs and traces, with the links from one to the other.

https://grafana.com/docs/grafana/latest/datasources/tempo/configure-tempo-data-source/ and …/loki/configure/. In these
files `$` begins a variable of Grafana's environment; `$$` is the sign itself.
"""

from __future__ import annotations

from typing import Any

from components.monitoring.dashboards import DATA_SOURCE
from components.telemetry import names
from stacks.telemetry.access import TelemetryAccess

_LOKI, _TRACES = "loki", "traces"


def sources(telemetry: TelemetryAccess) -> list[dict[str, Any]]:
    """Those of the stores that the environment has."""
    return [*([_loki(telemetry)] if telemetry.loki else []), *([_traces(telemetry)] if telemetry.traces else [])]


def _source(name: str, kind: str, uid: str, url: str, settings: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "type": kind, "uid": uid, "access": "proxy", "url": url, "jsonData": settings}


def _loki(telemetry: TelemetryAccess) -> dict[str, Any]:
    url = f"http://{telemetry.scope.host(names.LOKI)}:{names.LOKI_PORT}"
    to_trace = {
        "name": "Trace",
        "matcherType": "label",
        "matcherRegex": "trace_id",
        "url": "$${__value.raw}",
        "datasourceUid": _TRACES,
    }
    return _source("Loki", "loki", _LOKI, url, {"derivedFields": [to_trace]} if telemetry.traces else {})


def _traces(telemetry: TelemetryAccess) -> dict[str, Any]:
    assert telemetry.traces is not None
    url = f"http://{telemetry.scope.host(telemetry.traces)}:{telemetry.trace_port}"
    settings: dict[str, Any] = {"nodeGraph": {"enabled": True}}
    if telemetry.traces == "tempo":
        settings["serviceMap"] = {"datasourceUid": DATA_SOURCE}
    if telemetry.loki:
        settings["tracesToLogsV2"] = {
            "datasourceUid": _LOKI,
            "spanStartTimeShift": "-5m",
            "spanEndTimeShift": "5m",
            "customQuery": True,
            # The lines of the span's namespace that name the trace, wherever in the line.
            "query": '{namespace="$${__span.tags["k8s.namespace.name"]}"} |= "$${__trace.traceId}"',
            "tags": [],
        }
    return _source(telemetry.traces.title(), telemetry.traces, _TRACES, url, settings)
