"""One control plane for all tests of this folder: starting one takes seconds, building it minutes the first time."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import Sandbox
from tests.sandbox.cluster import Cluster


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running sandbox with the default nodes, in a temporary folder; reset afterwards."""
    if shutil.which("go") is None:
        pytest.skip("Go is not installed, so no control plane can be built")
    state: Path = tmp_path_factory.mktemp("sandbox-state")
    sandbox = Sandbox("tests", state=state)
    try:
        sandbox.up()
        yield sandbox
    finally:
        sandbox.reset()


@pytest.fixture
def cluster(control_plane: Sandbox) -> Iterator[Cluster]:
    """kubectl against the control plane, in a namespace of the test's own."""
    namespace = f"test-{secrets.token_hex(4)}"
    cluster = Cluster(control_plane, namespace)
    cluster.run("create", "namespace", namespace)
    yield cluster
    cluster.run("delete", "namespace", namespace, "--wait=false")
