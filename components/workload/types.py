"""The types of values that only workloads have, each with the message that tells a person what is allowed."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from components.values.forms import form, matching
from components.values.types import TIME, TIME_TITLE, seconds

_PATH = r"(/[A-Za-z0-9._-]+)+"
_AMOUNT = re.compile(r"(?P<number>[0-9]+(\.[0-9]+)?)(?P<milli>m)?")
_SHARE = r"(100|[0-9]{1,2})%"


def _path(value: str) -> str:
    if not re.fullmatch(_PATH, value) or "/.." in value:
        raise ValueError(f"{value!r} is no path: write an absolute one without '..', such as /var/lib/example")
    return value


def _http_path(value: str) -> str:
    if not value.startswith("/") or any(letter.isspace() for letter in value):
        raise ValueError(f"{value!r} is no path of a URL: start with '/', such as /health")
    return value


def _delay(value: Any) -> int:
    return 0 if value == 0 and not isinstance(value, bool) else seconds(value)


def amount(value: Any) -> float:
    """A figure such as 10, 0.5 or 500m (thousandths) as a number; raises ValueError with what is allowed."""
    match = _AMOUNT.fullmatch(str(value)) if isinstance(value, (str, int, float)) else None
    number = float(match["number"]) * (0.001 if match["milli"] else 1) if match else 0
    if isinstance(value, bool) or not number:
        raise ValueError(f"{value!r} is no figure to scale by: write a number above 0, such as 10, 0.5 or 500m")
    return number


def _share(value: Any) -> str | int:
    number = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1000
    if number or (isinstance(value, str) and re.fullmatch(_SHARE, value)):
        return value  # type: ignore[no-any-return]
    raise ValueError(f"{value!r} is neither a number of pods nor a share of them: write 1 or 25%")


AbsolutePath = Annotated[str, AfterValidator(_path), form("absolute path", rf"(?!.*/\.\.){_PATH}", "/var/lib/example")]
FileName = Annotated[
    str,
    matching(
        "file name",
        r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}",
        "is no file name: use letters, digits, '-', '_' and '.', such as config.yaml",
        "config.yaml",
    ),
]
VariableName = Annotated[
    str,
    matching(
        "variable's name",
        r"[A-Za-z_][A-Za-z0-9_]*",
        "is no variable's name: use letters, digits and '_', and no digit first",
        "LOG_LEVEL",
    ),
]
MetricName = Annotated[
    str,
    matching(
        "metric's name",
        r"[a-zA-Z_:][a-zA-Z0-9_:]*",
        "is no metric's name: use letters, digits, '_' and ':', and no digit first",
        "http_requests_total",
    ),
]
HttpPath = Annotated[str, AfterValidator(_http_path), form("path of a URL", r"/\S*", "/health")]
Delay = Annotated[
    int, BeforeValidator(_delay), form(TIME_TITLE, TIME, "30s", "5m", 0, type=["string", "integer"], minimum=0)
]
Amount = Annotated[
    float,
    BeforeValidator(amount),
    form(
        "figure",
        r"(?=.*[1-9])[0-9]+(\.[0-9]+)?m?",
        10,
        "500m",
        type=["string", "number"],
        exclusiveMinimum=0,
    ),
]
Share = Annotated[
    str | int,
    BeforeValidator(_share),
    form("pods or a share of them", _SHARE, "25%", 1, type=["string", "integer"], minimum=0, maximum=1000),
]
Percent = Annotated[int, Field(ge=1, le=100)]
