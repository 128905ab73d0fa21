"""MinIO has no dashboard: what is wrong with its drives and their room, its alerts say."""

from __future__ import annotations

from collections.abc import Sequence

from components.monitoring.dashboards import Board

BOARDS: Sequence[Board] = ()
