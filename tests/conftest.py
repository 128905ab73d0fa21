"""What holds for all tests."""

from __future__ import annotations

import gc


def pytest_configure() -> None:
    """Look for dead cycles seldom: recorded environments are kept, and each search goes through all of them."""
    gc.set_threshold(1_000_000, 20, 100)


def pytest_unconfigure() -> None:
    """Look once for what nobody holds, and say so while pytest listens; it would look five times, and Python again."""
    gc.collect()
    gc.freeze()
