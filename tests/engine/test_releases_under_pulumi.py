"""Pulumi in the middle of a release: what was declared once and is written by others stays as others wrote it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.released import NAMESPACE, Environment, environment
from tests.unit.definitions import ABSENT, FOLDER

pytestmark = [
    pytest.mark.skipif(shutil.which("go") is None, reason="Go is not installed, so no engine can be built"),
    pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT),
]
SERVICE = "auth-service"
RELEASES: dict[str, dict[str, Any]] = {SERVICE: {"strategy": "canary", "steps": [10, 50]}}


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    folder = tmp_path_factory.mktemp("released")
    with environment(folder, {"mesh": "istio"}, RELEASES) as made:
        yield made


def patch(made: Environment, kind: str, name: str, spec: dict[str, Any]) -> None:
    body = json.dumps({"spec": spec})
    made.project.kubectl("patch", kind, name, f"-n{NAMESPACE}", "--type=merge", f"--patch={body}")


def test_an_update_in_the_middle_of_a_release_changes_nothing(released: Environment) -> None:
    (rule,) = released.rules(SERVICE)
    port = {"number": 8000}
    share = {"destination": {"host": f"{SERVICE}-canary", "port": port}, "weight": 30}
    rest = {"destination": {"host": f"{SERVICE}-primary", "port": port}, "weight": 70}
    patch(released, "virtualservices.networking.istio.io", SERVICE, {"http": [{**rule, "route": [rest, share]}]})
    patch(released, "deployment", SERVICE, {"replicas": 2})
    assert "no changes" in released.up()
    assert (released.weight(SERVICE), released.replicas(SERVICE)) == (30, 2)


def test_a_new_version_reaches_the_candidate_alone(released: Environment) -> None:
    """Stable pods that change with the declaration are a release of 100 % that nobody has checked."""
    released.versions[SERVICE] = "1.1.0"
    released.up()
    assert (released.image(SERVICE), released.image(f"{SERVICE}-primary")) == ("1.1.0", "1.0.0")
    assert (released.weight(SERVICE), released.replicas(SERVICE)) == (30, 2)
