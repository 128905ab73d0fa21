"""What holds for all tests."""

from __future__ import annotations

import gc


def pytest_configure() -> None:
    """Look for dead cycles seldom: recorded environments are kept, and each search goes through all of them."""
    gc.set_threshold(1_000_000, 20, 100)
