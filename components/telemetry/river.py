"""Alloy's configuration language, as far as it is written here: blocks with a label, attributes and inner blocks.

https://grafana.com/docs/alloy/latest/get-started/syntax/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import indent


def block(
    kind: str,
    label: str | None = None,
    attributes: Mapping[str, str] | None = None,
    blocks: Sequence[str] = (),
) -> str:
    """A block as text; the values of `attributes` are expressions of the language already."""
    head = f'{kind} "{label}"' if label else kind
    body = [*(f"{name} = {value}" for name, value in (attributes or {}).items()), *blocks]
    return f"{head} {{\n{indent(chr(10).join(body), '  ')}\n}}" if body else f"{head} {{ }}"


def render(blocks: Sequence[str]) -> str:
    """A file of blocks."""
    return "\n\n".join(blocks) + "\n"
