"""Deploying to an EKS cluster: step by step, by Pulumi alone or with Argo CD, and `aws` says how it is reached."""

from __future__ import annotations

import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pulumi import automation

import ops.deploy
from components.cluster.eks.args import upgrade_problem
from components.platform.gitops.args import SYNC_POLICY
from graph.helm_releases import releases
from graph.manifests import SYNC_WAVE, manifests
from graph.model import Graph
from ops.clusters import cluster_of
from ops.eks import check_upgrades
from ops.engine.programs import Programs
from ops.engine.stack import EngineStack
from ops.errors import OperationError
from tests.unit.commands import ops as run
from tests.unit.definitions import ABSENT, FOLDER, schema
from tests.unit.eks.files import EVERYTHING, file
from tests.unit.files import read_yaml
from tests.unit.properties import examples
from tests.unit.scratch import STACK, Scratch

CLUSTER = "aws:eks/cluster:Cluster"


@pytest.fixture
def eks(scratch: Scratch) -> Graph:
    return scratch.record(file("dev", '    version: "1.35"\n'))


def deployed(graph: Graph, version: str) -> list[dict[str, Any]]:
    """The state of a stack whose cluster has that version, as Pulumi exports it."""
    (urn,) = (resource.urn for resource in graph if resource.type == CLUSTER)
    return [{"urn": "urn:other", "type": "x:y:Z"}, {"urn": urn, "type": CLUSTER, "outputs": {"version": version}}]


@given(st.integers(20, 40), st.integers(20, 40))
@examples(200)
def test_a_control_plane_goes_up_by_one_minor_version_and_never_down(deployed: int, wanted: int) -> None:
    """EKS refuses anything else, after what comes before the cluster has been changed."""
    allowed = wanted - deployed in (0, 1)
    assert (upgrade_problem(f"1.{deployed}", f"1.{wanted}") is None) is allowed


@pytest.mark.parametrize("version", ["1.34", "1.35"])
def test_a_step_of_one_version_or_none_is_deployed(eks: Graph, version: str) -> None:
    """The usual ones."""
    check_upgrades(eks, deployed(eks, version))


def test_a_cluster_that_is_not_there_yet_may_have_any_version(eks: Graph) -> None:
    """There is nothing to come from."""
    check_upgrades(eks, [])


def test_a_skipped_version_names_the_file_the_key_and_the_next_step(eks: Graph) -> None:
    """A person must not have to look up which one is allowed."""
    with pytest.raises(OperationError, match=r"Pulumi\.scratch\.yaml: cluster\.version: .*set version to '1\.34'"):
        check_upgrades(eks, deployed(eks, "1.33"))


def test_going_back_is_refused(eks: Graph) -> None:
    """A revert of a commit would ask for it, long after the seven days within which EKS has a command for it."""
    with pytest.raises(
        OperationError, match=r"no deployment takes it back: set version to '1\.36'.*docs/how-to/eks\.md"
    ):
        check_upgrades(eks, deployed(eks, "1.36"))


def test_a_skipped_version_stops_up_before_pulumi_changes_anything(
    eks: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found out half-way, the network of the new version would be there, and the old control plane."""
    started: list[str] = []
    monkeypatch.setenv("SAAS_PLATFORM_STATE", str(tmp_path))
    monkeypatch.setattr(ops.deploy, "record", lambda *_: eks)
    monkeypatch.setattr(
        "ops.engine.run.find", lambda _: Programs(cast(automation.PulumiCommand, SimpleNamespace(version="3.300.0")))
    )
    monkeypatch.setattr(EngineStack, "resources", lambda self: deployed(eks, "1.33"))
    monkeypatch.setattr(EngineStack, "up", lambda self, *_: started.append("up"))
    outcome = run("up", "--stack", STACK)
    assert outcome.status == 1
    assert "upgrades by one minor version at a time" in outcome.err
    assert not started


def aws_stand_in(folder: Path, script: str) -> None:
    program = folder / "aws"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def test_kubectl_gets_the_kubeconfig_that_aws_writes(
    eks: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By name and region, into a file of the project's own: the user's kubeconfig stays as it is."""
    aws_stand_in(tmp_path, f'echo "$@" > {tmp_path}/called')
    (tmp_path / "kubectl").symlink_to("/bin/true")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setenv("SAAS_PLATFORM_STATE", str(tmp_path / "state"))
    target = cluster_of(eks)
    assert (target.title, target.is_sandbox) == ("the EKS cluster saas-platform-scratch", False)
    kubeconfig = target.kubectl().kubeconfig
    assert kubeconfig is not None and kubeconfig.is_relative_to(tmp_path / "state")
    called = (tmp_path / "called").read_text().split()
    assert called[:6] == ["eks", "update-kubeconfig", "--name", "saas-platform-scratch", "--region", "eu-central-1"]
    assert called[-1] == str(kubeconfig)


def test_what_aws_says_of_a_cluster_that_it_does_not_find_is_passed_on(
    eks: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wrong credentials, most often."""
    aws_stand_in(tmp_path, 'echo "Unable to locate credentials" >&2; exit 253')
    (tmp_path / "kubectl").symlink_to("/bin/true")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setenv("SAAS_PLATFORM_STATE", str(tmp_path / "state"))
    with pytest.raises(OperationError, match=r"saas-platform-scratch in eu-central-1: Unable to locate credentials"):
        cluster_of(eks).kubectl()


def test_a_missing_aws_names_where_to_get_it(eks: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not `FileNotFoundError`."""
    (tmp_path / "kubectl").symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OperationError, match=r"aws is not on PATH.*https://docs\.aws\.amazon\.com/"):
        cluster_of(eks).kubectl()


@pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT)
def test_each_release_is_rendered_as_an_application_that_argo_cd_accepts(scratch: Scratch, tmp_path: Path) -> None:
    """What is not rendered is not deployed by Argo CD, and a misspelt field is dropped without a word."""
    scratch.write(file("prod", EVERYTHING))
    assert run("render", "-s", STACK, str(tmp_path / "out")).status == 0
    validator = Draft202012Validator(schema("argoproj.io", "v1alpha1", "Application"))
    declared = {one.name: one for one in releases(scratch.record(file("prod", EVERYTHING)))}
    found = {path: read_yaml(path) for path in (tmp_path / "out" / "argocd").glob("application.*")}
    assert {body["metadata"]["name"] for body in found.values()} == declared.keys()
    for body in found.values():
        release = declared[body["metadata"]["name"]]
        assert [error.message for error in validator.iter_errors(body)] == []
        source = body["spec"]["source"]
        assert (source["chart"], source["repoURL"]) == (release.chart, release.repository)
        assert (source["targetRevision"], source["helm"]["valuesObject"]) == (release.version, release.values)
        assert body["spec"]["syncPolicy"] == SYNC_POLICY


def test_the_waves_put_an_operator_before_what_uses_it(scratch: Scratch) -> None:
    """Argo CD goes by them alone."""
    graph = scratch.record(file("prod", EVERYTHING))
    waves = {(one.kind, one.name): one.wave for one in manifests(graph, applications=True)}
    operator = waves["Application", "cloudnative-pg"]
    assert operator < waves["Application", "plugin-barman-cloud"] < waves["Cluster", "postgresql-cluster"]
    assert SYNC_WAVE == "argocd.argoproj.io/sync-wave"
