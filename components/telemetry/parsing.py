"""How the systems write their log lines, and what is taken out of each: its level, its time, and what finds it again.

The expressions are RE2 (https://github.com/google/re2/wiki/Syntax), which Alloy runs; Python reads them alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

# What is kept beside a line, to be found by, but is no label: each value of a label is a stream of its own in Loki.
METADATA = ("logger", "method", "path", "pod", "session_id", "span_id", "status", "tenant_id", "trace_id")


@dataclass(frozen=True, kw_only=True)
class LineFormat:
    """A form of lines: a regular `expression` with named groups, or None for JSON.

    `fields` are the keys of JSON by the name that they get. `timestamp` is the layout of the field of that name as Go
    has it; without one a line has the time at which it was written to the pod's output. `sample` is a line of it.
    """

    name: str
    sample: str
    expression: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    timestamp: str | None = None

    @property
    def extracted(self) -> tuple[str, ...]:
        """The names of what is taken out of a line."""
        return tuple(self.fields) if self.expression is None else tuple(re.compile(self.expression).groupindex)


# AstrBot document, section 5.2: structlog's JSON renderer, with ISO times, and the fields of its examples.
STRUCTLOG = LineFormat(
    name="structlog",
    fields={name: name for name in ("level", "timestamp", "logger", "tenant_id", "session_id", "trace_id", "span_id")},
    timestamp="RFC3339Nano",
    sample=(
        '{"tenant_id": "tenant_123", "user_id": "user_456", "session_id": "session_789", "message_id": "msg_abc", '
        '"content_length": 100, "processing_time_ms": 45, "event": "message_created", "logger": "message", '
        '"level": "info", "timestamp": "2026-03-01T10:30:00.123456Z"}'
    ),
)
# CloudLens document, section "log collection": Python's standard logging; its default form, and Uvicorn's.
PYTHON_LOGGING = LineFormat(
    name="python-logging",
    expression=r"^(?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL):(?:(?P<logger>[\w.]+):| +)(?P<message>.*)$",
    sample='INFO:     10.0.0.7:51234 - "GET /api/resources?type=ecs HTTP/1.1" 200 OK',
)
# Orders document, section 5: tracing_subscriber::fmt; its colours are taken off before.
RUST_TRACING = LineFormat(
    name="rust-tracing",
    expression=(
        r"^(?P<timestamp>\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d+Z) +(?P<level>TRACE|DEBUG|INFO|WARN|ERROR) "
        r"(?:.*?: )?(?P<logger>[a-z_][\w:]*): (?P<message>.*)$"
    ),
    timestamp="RFC3339Nano",
    sample="2026-03-01T10:30:00.123456Z  INFO rust_app: Listening on 0.0.0.0:8080",
)
# Multi-cluster document, section "choice of technology": Gin, whose lines have no level.
GIN = LineFormat(
    name="gin",
    expression=(
        r"^\[GIN\] (?P<timestamp>\d{4}/\d{2}/\d{2} - \d{2}:\d{2}:\d{2}) \| +(?P<status>\d{3}) \| +(?P<duration>\S+) \| "
        r'+(?P<client>\S+) \| +(?P<method>[A-Z]+) +"(?P<path>[^"]*)"'
    ),
    timestamp="2006/01/02 - 15:04:05",
    sample='[GIN] 2026/03/01 - 10:30:00 | 200 |    1.234567ms |       10.0.0.7 | GET      "/api/v1/clusters"',
)
