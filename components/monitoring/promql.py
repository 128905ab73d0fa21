"""What the program must know of a PromQL expression: that it parses, and which metrics it reads.

Both are asked at every preview, on machines without Prometheus, so they are answered in this process. The tests let
promtool judge the same expressions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import promql_parser

DURATION = r"(?=.)(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?"
_SECONDS = {"y": 31_536_000, "w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1, "ms": 0.001}
# The operands of every kind of expression, by attribute.
_BELOW = ("expr", "lhs", "rhs", "param", "vector_selector", "vs", "args")


def seconds(duration: str) -> float:
    """The length of a Prometheus duration such as `5m`, `1h30m` or `15d`. Raises ValueError for anything else."""
    if not re.fullmatch(DURATION, duration):
        raise ValueError(f"{duration!r} is not a duration: write 30s, 5m, 1h30m, 15d")
    return sum(float(number) * _SECONDS[unit] for number, unit in re.findall(r"(\d+)(ms|[ywdhms])", duration))


def selector(text: str) -> str:
    """A selector of series such as `{job="api"}`. Raises ValueError with the parser's message for anything else."""
    try:
        tree = promql_parser.parse(text)
    except ValueError as error:
        raise ValueError(f"does not parse: {error}: {text}") from None
    if not isinstance(tree, promql_parser.VectorSelector):
        raise ValueError(f'{text!r} selects no series: write a metric, or labels such as {{job="api"}}')
    return text


@cache
def metrics(expression: str) -> frozenset[str]:
    """The names of the metrics that an expression reads. Raises ValueError with the parser's message if it is wrong."""
    try:
        tree = promql_parser.parse(expression)
    except ValueError as error:
        raise ValueError(f"does not parse: {error}: {expression}") from None
    return frozenset(_names(tree))


def _names(node: Any) -> Iterator[str]:
    if isinstance(node, promql_parser.VectorSelector):
        yield _name(node)
        return
    for attribute in _BELOW:
        below = getattr(node, attribute, None)
        for child in below if isinstance(below, list) else [below]:
            if isinstance(child, (promql_parser.Expr, promql_parser.VectorSelector)):
                yield from _names(child)


def _name(selector: Any) -> str:
    if selector.name:
        return str(selector.name)
    named = [matcher.value for matcher in selector.matchers.matchers if matcher.name == "__name__"]
    if not named:
        raise ValueError(f"reads all metrics at once: name one in {selector}")
    return str(named[0])
