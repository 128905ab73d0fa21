"""Durations as the various APIs write them, in seconds."""

from __future__ import annotations

import re
from typing import Any

_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w|y)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "y": 365 * 86400}


def duration(value: Any) -> float | None:
    """The seconds in `1h30m`, `15d` or `0`; None if the value is no duration."""
    if value == "0":
        return 0.0
    parts = _PART.findall(value) if isinstance(value, str) else []
    if not parts or "".join(number + unit for number, unit in parts) != value:
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)
