"""How property tests run: the same examples every time, and no time limit that a busy machine could break."""

from __future__ import annotations

from hypothesis import settings


def examples(count: int) -> settings:
    """Settings for a property test of `count` examples."""
    return settings(max_examples=count, deadline=None, derandomize=True, database=None)
