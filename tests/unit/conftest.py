"""Fixtures of all unit tests: the repository's own environments, recorded once, and scratch environments."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from graph.model import Graph
    from tests.unit.scratch import Scratch


@pytest.fixture(scope="session", autouse=True)
def _no_context_of_the_user() -> Iterator[None]:
    """`SAAS_PLATFORM_CONTEXT` in the shell that runs the tests would change every environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SAAS_PLATFORM_CONTEXT", raising=False)
        yield


@pytest.fixture(scope="session")
def dev() -> Graph:
    """The development environment."""
    from tests.unit.recordings import recorded

    return recorded("dev")


@pytest.fixture(scope="session", params=["dev", "staging", "prod"])
def graph(request: pytest.FixtureRequest) -> Graph:
    """Every environment in turn."""
    from tests.unit.recordings import recorded

    return recorded(request.param)


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    """An empty folder in which environments are looked up."""
    from tests.unit.scratch import scratch_in

    return scratch_in(tmp_path, monkeypatch)
