"""Kubernetes quantities as numbers: cores, bytes."""

from __future__ import annotations

import math
import re
from typing import Any

_QUANTITY = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?([numkMGTPE]|[KMGTPE]i)?")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


def quantity(value: Any) -> float | None:
    """The number that a quantity (`500m`, `2Gi`, 0.5) stands for; None if it is none, a masked secret say."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value) if math.isfinite(value) else None
    found = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if not found:
        return None
    number, suffix = float(found[1] + (found[2] or "")), found[3] or ""
    return number * (2.0 ** _BINARY[suffix] if suffix in _BINARY else 10.0 ** _DECIMAL[suffix])


def whole(value: Any) -> int | None:
    """The value if it is a whole number, which the engine may hand over as 3.0; else None."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return int(value) if number and int(value) == value else None
