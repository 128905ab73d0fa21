"""One run at a time for an environment and for a cluster."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ops.clusters import Cluster
from ops.engine.run_lock import exclusive_run
from ops.errors import OperationError
from paths import ROOT

HERE, THERE = Cluster(None, "here"), Cluster(None, "there")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAAS_PLATFORM_STATE", str(tmp_path))
    return tmp_path


def test_a_second_run_of_the_environment_is_refused_and_told_whose_the_first_is() -> None:
    """`down` during `up` removed what `up` was making, and both said that all was well."""
    first = rf"up of dev \(process {os.getpid()}\) is at work.*environment"
    with (
        exclusive_run("dev", HERE, "up"),
        pytest.raises(OperationError, match=first),
        exclusive_run("dev", THERE, "down"),
    ):
        pass
    with exclusive_run("dev", HERE, "down"):
        pass


def test_two_environments_cannot_be_at_work_on_one_cluster() -> None:
    with exclusive_run("dev", HERE, "up"):
        with pytest.raises(OperationError, match="at work on the same cluster"), exclusive_run("qa", HERE, "up"):
            pass
        with exclusive_run("qa", THERE, "up"):
            pass


def test_a_killed_run_leaves_no_lock_behind(folder: Path) -> None:
    """The kernel lets go of it, however the process ended."""
    script = (
        "import os, signal\nfrom ops.clusters import Cluster\nfrom ops.engine.run_lock import exclusive_run\n"
        "with exclusive_run('dev', Cluster(None, 'here'), 'up'):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False)
    assert done.returncode == -9
    assert (folder / "locks").is_dir()
    with exclusive_run("dev", HERE, "up"):
        pass
