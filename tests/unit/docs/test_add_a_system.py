"""The page that leads to a system of one's own, followed to the letter in a copy of the program."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from paths import ROOT
from tests.unit.docs.invoices import PAGE, declare
from tests.unit.docs.reading import blocks

PROGRAM = ("components", "graph", "ops", "policy", "sandbox", "stacks", "__main__.py", "paths.py", "versions.py")


def follow(folder: Path) -> None:
    """Do what the page says, in a copy of the program."""
    for name in PROGRAM:
        source = ROOT / name
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, folder / name, ignore=ignore) if source.is_dir() else shutil.copy(source, folder)
    shutil.copy(ROOT / "Pulumi.yaml", folder)
    shutil.copytree(ROOT / "docs" / "runbooks", folder / "docs" / "runbooks")
    declare(folder)


@pytest.fixture(scope="module")
def preview(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("program")
    follow(folder)
    command = [sys.executable, "-m", "ops", "preview", "-s", "trial", "--output", "json"]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": ""}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_it_takes_less_than_sixty_lines_of_python() -> None:
    code = [block.text for block in blocks(PAGE) if block.language == "python"]
    assert sum(len(text.rstrip("\n").splitlines()) for text in code) < 60


def test_the_system_has_a_database_a_canary_and_its_alert_without_a_finding(preview: dict[str, Any]) -> None:
    """A page that has grown old is found out by its readers."""
    assert preview["findings"] == []
    made = {
        (body["kind"], body["metadata"]["name"])
        for body in (one["inputs"] for one in preview["resources"])
        if body.get("metadata", {}).get("namespace") == "invoices"
    }
    wanted = {
        ("Deployment", "invoices-api"),
        ("Deployment", "invoices-api-primary"),
        ("VirtualService", "invoices-api"),
        ("Cluster", "postgresql-cluster"),
        ("PrometheusRule", "invoices-alerts"),
        ("NetworkPolicy", "default-deny"),
        ("ResourceQuota", "quota"),
    }
    assert wanted - made == set()
    assert "ScheduledBackup" in {kind for kind, _ in made}
