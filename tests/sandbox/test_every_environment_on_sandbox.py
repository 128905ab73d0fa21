"""All five systems of dev, staging and prod, each on a cluster of its tier's size."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from graph.manifests import manifests
from graph.record import record
from paths import ROOT
from stacks.schema.tiers import TIERS
from stacks.schema.types import TierName
from tests.sandbox.project import Project


@pytest.fixture(scope="module", params=["dev", "staging", "prod"])
def deployed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Project, TierName, str]]:
    """The project, the environment, and what its first `up` printed."""
    if shutil.which("go") is None:
        pytest.skip("Go is not installed, so no control plane can be built")
    stack: TierName = request.param
    project, tier = Project(tmp_path_factory.mktemp("state")), TIERS[stack]
    project.variables["SAAS_PLATFORM_CACHE"] = str(Path.home() / ".cache" / "saas-platform")
    try:
        project.sandbox.up(nodes=tier.nodes, zones=tier.zones)
        project.variables["KUBECONFIG"] = str(project.sandbox.kubeconfig)
        yield project, stack, up(project, stack)
    finally:
        project.sandbox.reset()


def up(project: Project, stack: str) -> str:
    """Deploy; fails unless every workload became available."""
    context = project.kubectl("config", "current-context").strip()
    done = project.ops("up", "-s", stack, "--context", context, timeout=500)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def test_all_five_systems_become_available(deployed: tuple[Project, TierName, str]) -> None:
    project, _, printed = deployed
    # On a cluster that is there already, operators are taken for granted, and their kinds are used.
    created = re.search(r"(\d+) created, 0 resources unchanged  \(\d+ components, (\d+) Kubernetes objects", printed)
    assert created and int(created[1]) > int(created[2]), printed[-2000:]
    namespaces = {"astrbot", "cloudlens", "orders", "multicluster", "federated-risk"}
    pods = project.objects("pods", "--all-namespaces")
    running = {one["metadata"]["namespace"] for one in pods if one["status"]["phase"] == "Running"}
    assert namespaces <= running
    waiting = [one["metadata"]["name"] for one in pods if one["status"]["phase"] not in ("Running", "Succeeded")]
    assert waiting == []


def test_one_selector_finds_a_system_whole(deployed: tuple[Project, TierName, str]) -> None:
    """`kubectl get all -l platform.io/system=orders` is what people type."""
    project, stack, _ = deployed
    for namespace in ("cloudlens", "orders"):
        wanted = {one.name for one in manifests(record(stack)) if (one.kind, one.namespace) == ("Service", namespace)}
        found = project.objects("services", "--all-namespaces", f"--selector=platform.io/system={namespace}")
        assert wanted <= {one["metadata"]["name"] for one in found}


def test_a_system_that_is_taken_out_of_the_file_keeps_its_protected_data(
    deployed: tuple[Project, TierName, str], tmp_path: Path
) -> None:
    """It took the namespace along, and with that the database: exit status 0, `60 removed`."""
    project, stack, _ = deployed
    changed = Project(project.state, project.copy(tmp_path / "copy").root, project.variables)
    (changed.root / "docs").symlink_to(ROOT / "docs")
    file = changed.root / f"Pulumi.{stack}.yaml"
    document = yaml.safe_load((ROOT / file.name).read_text())
    del document["config"]["saas-platform:systems"]["multicluster"]
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    context = project.kubectl("config", "current-context").strip()
    arguments = ("up", "-s", stack, "--context", context)
    if stack == "dev":
        # Nothing is protected there: it is asked by its name.
        done = changed.unanswered(*arguments)
        assert "Namespace multicluster" in done.stdout and "nobody can be asked here" in done.stderr
    else:
        done = changed.ops(*arguments)
        assert "these are protected and would go:" in done.stderr
        assert "Namespace multicluster" in done.stderr
        assert f"ops state unprotect -s {stack} 'urn:pulumi:" in done.stderr
    assert done.returncode == 1
    assert project.kubectl("get", "namespace", "multicluster", "-o", "name")


def test_a_second_run_changes_nothing(deployed: tuple[Project, TierName, str]) -> None:
    project, stack, _ = deployed
    assert "no changes" in up(project, stack)
