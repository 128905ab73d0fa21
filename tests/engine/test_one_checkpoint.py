"""An environment of Kubernetes objects alone, whose state is written once a run: killed, it is found again by name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from paths import ROOT
from tests.engine.test_pulumi_engine import PulumiProject
from tests.sandbox.project import Project
from tests.unit.recordings import with_systems
from tests.unit.scratch import as_text

pytestmark = pytest.mark.skipif(
    shutil.which("pulumi") is None, reason="pulumi is not on PATH; only these tests need it"
)
STACK = "staging"
SYSTEM = "orders"


@dataclass
class Staging(PulumiProject):
    """Staging with one system in the sandbox; its data may go with it."""

    def there(self) -> bool:
        """Whether a run has begun to make objects."""
        found = self.objects("networkpolicies", "--all-namespaces")
        return len(found) > 3

    def left(self) -> list[str]:
        """What is in the cluster with the environment's label, without what controllers made of it."""
        kinds = "namespaces,priorityclasses,clusterroles,validatingadmissionpolicies,deployments,configmaps,services"
        found = self.objects(kinds, "--all-namespaces", f"--selector=platform.io/environment={STACK}")
        return [f"{one['kind']} {one['metadata']['name']}" for one in found]


@pytest.fixture(scope="module")
def staging(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staging]:
    if shutil.which("go") is None:
        pytest.skip("Go is not installed, so no control plane can be built")
    folder = tmp_path_factory.mktemp("one-checkpoint")
    root = Project(folder).copy(folder / "program").root
    # The policies of staging look for runbooks.
    for name in (".venv", "docs"):
        (root / name).symlink_to(ROOT / name)
    document = with_systems(STACK, SYSTEM, telemetry=False)
    document["config"]["saas-platform:cluster"] = {"kind": "sandbox"}
    document["config"]["saas-platform:overrides"] = {"protect_data": False}
    (root / f"Pulumi.{STACK}.yaml").write_text(as_text(document), encoding="utf-8")
    made = Staging(folder / "state", root)
    try:
        made.sandbox.up()
        yield made
    finally:
        made.sandbox.reset()


def test_killed_in_the_middle_the_next_up_knows_everything(staging: Staging) -> None:
    """Of what the killed run created its state has never heard."""
    staging.kill_during("up", "--stack", STACK, after=1.0, once=staging.there)
    assert staging.left(), "nothing was there yet when it was killed"
    printed = staging.succeed("up", "--stack", STACK)
    assert "The last run was killed" in printed
    assert "no changes" in staging.succeed("up", "--stack", STACK)


def test_killed_in_the_middle_down_leaves_nothing(staging: Staging) -> None:
    staging.succeed("down", "--stack", STACK)
    staging.sandbox.up()
    staging.kill_during("up", "--stack", STACK, after=1.0, once=staging.there)
    assert staging.left(), "nothing was there yet when it was killed"
    staging.succeed("down", "--stack", STACK)
    staging.sandbox.up()
    assert staging.left() == []


def test_a_run_that_fails_keeps_what_it_made(staging: Staging) -> None:
    """Only a killed run has not written its state."""
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "monitoring"}}
    staging.kubectl("create", "-f-", stdin=json.dumps(body))
    failed = staging.ops("up", "--stack", STACK)
    assert failed.returncode != 0
    assert "already exists" in failed.stdout + failed.stderr
    assert staging.left()
    staging.kubectl("delete", "namespace", "monitoring")
    assert "The last run was killed" not in staging.succeed("up", "--stack", STACK)
    assert "no changes" in staging.succeed("up", "--stack", STACK)
