"""A plain `pulumi up` of the full distribution: the same URNs, objects and findings as `make up`.

It needs a `pulumi` on PATH with its language host for Python, which no registry of modules serves; everything else of
`tests/engine` uses the engine that is built.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import stacks.schema.source
from graph.record import record
from paths import ROOT
from tests.sandbox.project import Project

_PATH = os.environ.get("PATH", "")
pytestmark = pytest.mark.skipif(
    not all(shutil.which(one) for one in ("pulumi", "pulumi-language-python", "go")),
    reason="no pulumi with a language host for Python is on PATH: a plain `pulumi up` cannot run here",
)


@dataclass
class Direct(Project):
    """The command line with the CLI on its PATH, and both on the same state."""

    def _environment(self) -> dict[str, str]:
        backend = {"PULUMI_BACKEND_URL": f"file://{self.state / 'backend'}", "PULUMI_CONFIG_PASSPHRASE": "test"}
        return {**super()._environment(), "PATH": _PATH, **backend}

    def pulumi(self, *arguments: str) -> str:
        """What a command of the CLI prints; it must succeed."""
        command = ["pulumi", *arguments, "--stack", "dev", "--non-interactive"]
        done = subprocess.run(
            command, cwd=self.root, env=self._environment(), capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def direct(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Direct]:
    folder = tmp_path_factory.mktemp("direct")
    (folder / "state" / "backend").mkdir(parents=True)
    made = Direct(folder / "state", Project(folder / "state").copy(folder / "program").root)
    (made.root / ".venv").symlink_to(ROOT / ".venv")
    try:
        made.sandbox.up(nodes=1, zones=1)
        made.pulumi("stack", "init")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(stacks.schema.source, "ROOT", made.root)
            yield made
    finally:
        made.sandbox.reset()


def test_the_preview_with_the_policy_pack_has_the_recorded_urns_and_no_finding(direct: Direct) -> None:
    document = json.loads(direct.pulumi("preview", "--policy-pack", "policy", "--json"))
    urns = {step["urn"] for step in document["steps"]}
    assert {one.urn for one in record("dev")} <= urns
    assert not [one for one in document.get("diagnostics", []) if one.get("severity") == "error"]


def test_what_a_plain_up_deployed_make_up_finds_as_it_should_be(direct: Direct) -> None:
    direct.pulumi("up", "--yes", "--skip-preview", "--policy-pack", "policy")
    assert "no changes" in direct.succeed("up")
    assert "agree" in direct.succeed("drift")
    assert Path(direct.root).is_dir()
