"""Reading values that may be anything: an object under judgement has been validated by nobody."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_policy import proxy

from components.kubernetes.quantity import number
from graph.model import MASK, Secret

# That a value is not known yet is no secret, and rules must not take it for known.
UNKNOWN = (
    proxy.UNKNOWN_STRING_VALUE,
    proxy.UNKNOWN_NUMBER_VALUE,
    proxy.UNKNOWN_BOOLEAN_VALUE,
    proxy.UNKNOWN_ARRAY_VALUE,
    proxy.UNKNOWN_OBJECT_VALUE,
    proxy.UNKNOWN_ASSET_VALUE,
    proxy.UNKNOWN_ARCHIVE_VALUE,
)


class Masked(str):
    """Stands for a secret text: rules see that there is one, and cannot tell it to anybody."""

    __slots__ = ()


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def items(value: Any) -> Sequence[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, Sequence) and not isinstance(value, (str, bytes)) else ()


def text(value: Any) -> str:
    """The value if it is text, else the empty text."""
    return value if isinstance(value, str) else ""


def at(value: Any, *path: str) -> Any:
    """What lies at a path of keys, or None where it ends early."""
    for key in path:
        value = mapping(value).get(key)
    return value


def plain(value: Any) -> Any:
    """A copy made of dict and list: two proxied lists are never equal, two copies of them are."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in items(value)] if items(value) else value


def editable(value: Any) -> Any:
    """A copy made of dict and list from what the engine hands to a remediation; secrets stay wrapped in their mark.

    To read a secret through the engine's proxy takes the mark off, and writing the value back would publish it.
    """
    if isinstance(value, Mapping):
        target = value if isinstance(value, dict) else value["__target"]
        return {key: editable(item) for key, item in target.items()}
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        target = value if isinstance(value, (list, tuple)) else value["__target"]  # type: ignore[call-overload]
        return [editable(item) for item in target]
    return value


def within(value: Any, *path: str) -> dict[str, Any]:
    """The dict at a path of keys of an editable copy, made where there is none.

    Where something else stands on the path, a secret say, the dict is a stray one: edits of it change nothing.
    """
    for key in path:
        value = value.setdefault(key, {}) if isinstance(value, dict) else {}
    return value if isinstance(value, dict) else {}


def concealed(value: Any) -> Any:
    """A copy in which every secret is replaced by a value of the same shape that tells nothing.

    Text becomes the mask and a number 0. Keys and booleans stay: they are the shape of an object, and a privileged
    container must not hide behind the word secret.
    """
    if isinstance(value, Secret):
        return _hidden(value.reveal())
    if isinstance(value, Mapping):
        return {key: concealed(item) for key, item in value.items()}
    return [concealed(item) for item in value] if isinstance(value, (list, tuple)) else value


def _hidden(value: Any) -> Any:
    if isinstance(value, Secret):
        return _hidden(value.reveal())
    if isinstance(value, Mapping):
        return {key: _hidden(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_hidden(item) for item in value]
    if value is None or isinstance(value, bool) or value in UNKNOWN:
        return value
    return type(value)() if isinstance(value, (int, float)) else Masked(MASK)


def quantity(value: Any) -> float | None:
    """The number that a quantity (`500m`, `2Gi`, 0.5) stands for; None if it is none, a masked secret say."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value) if math.isfinite(value) else None
    if not isinstance(value, str) or value[:1] in ("+", "-"):
        return None
    try:
        return float(number(value))
    except ValueError:
        return None


def whole(value: Any) -> int | None:
    """The value if it is a whole number, which the engine may hand over as 3.0; else None."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return int(value) if number and int(value) == value else None


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
