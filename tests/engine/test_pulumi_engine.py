"""The real Pulumi engine against the sandbox: up, again, the same objects as the recorded engine, policies, destroy."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from graph.manifests import Manifest, manifests
from graph.record import record
from paths import ROOT
from tests.sandbox.project import Project, contains

pytestmark = pytest.mark.skipif(
    shutil.which("pulumi") is None,
    reason="pulumi is not on PATH; everything else works without it, only these tests need it",
)

NAMESPACE = "astrbot"
_PATH = os.environ["PATH"]


@dataclass
class PulumiProject(Project):
    """The command line with the Pulumi CLI on its PATH, and state in local files."""

    def _environment(self) -> dict[str, str]:
        keep = {name: value for name, value in os.environ.items() if name.startswith("PULUMI_")}
        for name in ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"):
            keep.pop(name, None)
        return {**super()._environment(), **keep, "PATH": _PATH, **self.variables}

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The CLI itself, on the state that `ops` made."""
        folder = self.state / "pulumi"
        variables = {
            "PULUMI_BACKEND_URL": f"file://{folder}",
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(folder / "passphrase"),
        }
        command = ["pulumi", *arguments, "--stack", "dev", "--non-interactive"]
        if arguments[0] != "stack":
            command += ["--config-file", str(folder / "Pulumi.dev.yaml")]
        environment = {**self._environment(), **variables}
        return subprocess.run(
            command, cwd=self.root, env=environment, capture_output=True, text=True, timeout=300, check=False
        )

    def exported(self) -> dict[str, Any]:
        """The stack's state as it is stored."""
        done = self.pulumi("stack", "export")
        assert done.returncode == 0, done.stderr
        state: dict[str, Any] = json.loads(done.stdout)
        return state


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PulumiProject]:
    if shutil.which("go") is None:
        pytest.skip("Go is not installed, so no control plane can be built")
    project = PulumiProject(tmp_path_factory.mktemp("state"))
    try:
        project.succeed("up")
        yield project
    finally:
        project.sandbox.reset()


def test_a_second_up_has_no_changes(project: PulumiProject) -> None:
    assert f"no changes, {len(record('dev'))} resources unchanged" in project.succeed("up")


def test_both_engines_give_the_same_objects(project: PulumiProject) -> None:
    different = [found for one in manifests(record("dev")) if (found := _difference(project, one))]
    assert not different, "not as the recorded engine would have them:\n" + "\n".join(different)


def test_the_environments_file_is_left_as_it_was(project: PulumiProject) -> None:
    assert "encryptionsalt" not in (ROOT / "Pulumi.dev.yaml").read_text()


def test_no_secret_is_in_the_state_in_clear(project: PulumiProject) -> None:
    state = json.dumps(project.exported())
    secret = json.loads(project.kubectl("get", "secret", "saas-platform-secrets", f"-n{NAMESPACE}", "-o", "json"))
    for key, value in secret["data"].items():
        assert value not in state, f"{key} is in the exported state"


def test_a_preview_with_the_policy_pack_is_clean(project: PulumiProject) -> None:
    done = project.pulumi("preview", "--policy-pack", "policy")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(record('dev'))} unchanged" in done.stdout


def test_killed_in_the_middle_the_next_up_converges(project: PulumiProject) -> None:
    project.succeed("down")
    # Before, during and after the first objects are created.
    for seconds in (3.0, 6.0, 8.0):
        project.kill_during("up", after=seconds)
    project.succeed("up")
    assert project.ops("status").returncode == 0


def test_invalid_configuration_is_listed_by_the_engine_without_a_traceback(
    project: PulumiProject, tmp_path: Path
) -> None:
    changed = PulumiProject(project.state, project.copy(tmp_path / "copy").root)
    (changed.root / ".venv").symlink_to(ROOT / ".venv")
    file = changed.state / "pulumi" / "Pulumi.dev.yaml"
    good = file.read_text()
    (changed.root / "Pulumi.dev.yaml").write_text(good.replace("tier: dev", "tier: huge"))
    file.write_text(good.replace("tier: dev", "tier: huge"))
    done = changed.pulumi("preview")
    assert done.returncode != 0
    assert "'dev', 'test', 'staging' or 'prod'" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_destroy_leaves_nothing(project: PulumiProject) -> None:
    project.succeed("down")
    project.sandbox.up()
    namespaces = {one["metadata"]["name"] for one in project.objects("namespaces")}
    assert NAMESPACE not in namespaces
    left = project.objects("all,configmap,secret", "--all-namespaces", "--selector=platform.io/environment=dev")
    assert not left, [one["metadata"]["name"] for one in left]


def _difference(project: PulumiProject, manifest: Manifest) -> str | None:
    group, _, version = str(manifest.body["apiVersion"]).rpartition("/")
    where = [f"--namespace={manifest.namespace}"] if manifest.namespace else []
    kind = f"{manifest.kind}.{version}.{group}"
    live = json.loads(project.kubectl("get", kind, manifest.name, *where, "-o", "json"))
    if manifest.holds_secret:
        same = sorted(live["data"]) == list(manifest.data_keys) and live["type"] == manifest.body["type"]
    else:
        same = contains(_comparable(live), _comparable(manifest.body))
    return None if same else f"{manifest.title}: {_comparable(live)} instead of {_comparable(manifest.body)}"


def _comparable(body: Any) -> Any:
    """Without what the server writes in its own way: empty values, and quantities such as `2000m` for `2`."""
    if isinstance(body, dict):
        return {key: _comparable(value) for key, value in body.items() if value not in ({}, [], None, "", 0, False)}
    if isinstance(body, list):
        return [_comparable(item) for item in body]
    return body
