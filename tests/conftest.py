"""What holds for all tests."""

from __future__ import annotations

import gc


def pytest_configure() -> None:
    """Look for dead cycles seldom: recorded environments are kept, and each search goes through all of them."""
    gc.set_threshold(1_000_000, 20, 100)


def pytest_sessionfinish() -> None:
    """Look for no more of them: what is left goes with the process, which else takes seconds over it."""
    gc.freeze()
