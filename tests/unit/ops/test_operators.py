"""Helm releases as commands that a person runs. See also eks."""

from __future__ import annotations

import shlex

import pytest
import yaml

import ops.operators
from graph.helm_releases import releases
from graph.manifests import manifests
from tests.unit.commands import ops as run
from tests.unit.scratch import STACK, Scratch
from versions import HELM_CHARTS

SANDBOX = """\
config:
  saas-platform:tier: dev
  saas-platform:domain: example.com
  saas-platform:cluster: {kind: sandbox}
  saas-platform:operators: {keda: install, cert-manager: install, tempo: install}
  saas-platform:systems: {orders: {}}
"""
NAMES = ["cert-manager", "keda", "tempo"]


def test_each_release_is_named_with_its_command(scratch: Scratch) -> None:
    """Whoever may not install operators by Pulumi has somebody else do it."""
    scratch.write(SANDBOX)
    outcome = run("operators", "-s", STACK)
    assert outcome.status == 0
    for name in NAMES:
        chart = HELM_CHARTS[name]
        assert f"{name}: chart {chart.name} {chart.version}" in outcome.out
        assert f"helm upgrade --install {name} {chart.name} --repo {chart.repository}" in outcome.out


def test_what_the_commands_read_are_the_values_of_the_release(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command as it is printed must install what Pulumi would."""
    scratch.write(SANDBOX)
    listed = run("operators", "-s", STACK)
    assert listed.status == 0
    monkeypatch.setattr(ops.operators, "record", scratch.recorded)
    commands = [shlex.split(line) for line in listed.out.splitlines() if "helm upgrade" in line]
    assert len(commands) == len(NAMES)
    declared = {one.name: one for one in releases(scratch.record(SANDBOX))}
    for words in commands:
        ours = words[3 : words.index("|")]
        printed = run(*ours)
        name = ours[-1]
        assert yaml.safe_load(printed.out) == declared[name].values
        assert words[words.index("--version") + 1] == HELM_CHARTS[name].version


def test_values_of_what_is_not_installed_are_refused(scratch: Scratch) -> None:
    """An empty document would install the chart's defaults."""
    scratch.write(SANDBOX)
    outcome = run("operators", "-s", STACK, "--values", "loki")
    assert outcome.status == 1
    assert outcome.err == "error: scratch installs no such release; it installs: cert-manager, keda, tempo\n"


def test_an_environment_without_releases_says_so() -> None:
    """An empty list looks like an error."""
    assert "dev installs no operators" in run("operators", "-s", "dev").out


def test_manifests_are_objects_alone(scratch: Scratch) -> None:
    """An Application in a cluster without Argo CD is refused."""
    kinds = {one.kind for one in manifests(scratch.record(SANDBOX))}
    assert "Application" not in kinds
    assert "Release" not in kinds
