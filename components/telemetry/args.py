"""What the servers of the telemetry have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from components.priority import Priority
from components.server.args import ServerArgs

CONFIGURATION = "/etc/telemetry"
DATA = "/var/lib/telemetry"


@dataclass(frozen=True, kw_only=True)
class TelemetryServerArgs(ServerArgs):
    """A server that is run by its configuration file. Before it ends it hands on what it has in memory."""

    files_path: str = CONFIGURATION
    scratch: Mapping[str, str] = field(default_factory=lambda: {"tmp": "/tmp"})
    headless: bool = True
    priority: Priority = Priority.DEFAULT
    stop_seconds: int = 60
