"""MinIO's volumes grow by one line of the file: on a real API server, with its pods running, and killed half-way."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from ops.environment_file import read, write
from paths import PROJECT
from tests.sandbox.project import Project

NAMESPACE = "astrbot"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """AstrBot of dev whose data is protected, as in production, with two servers' worth of claims."""
    if shutil.which("go") is None:
        pytest.skip("Go is not installed, so no control plane can be built")
    project = Project(tmp_path_factory.mktemp("state")).copy(tmp_path_factory.mktemp("program") / "saas-platform")
    try:
        sized(project, "10Gi")
        project.succeed("up")
        yield project
    finally:
        project.sandbox.reset()


def sized(project: Project, storage: str) -> None:
    """Say how large MinIO's volumes are to be."""
    path = project.root / "Pulumi.dev.yaml"
    document = read(path)
    document["config"][f"{PROJECT}:overrides"] = {
        "protect_data": True,
        "object_storage": {"servers": 4, "storage": storage},
    }
    write(path, document)


def stateful_set(project: Project) -> dict[str, Any]:
    (found,) = project.objects("statefulsets", "-n", NAMESPACE, "--field-selector=metadata.name=minio")
    return found


def pods(project: Project) -> dict[str, str]:
    """MinIO's pods, and by what they are known to be the same."""
    found = project.objects("pods", "-n", NAMESPACE, "-l", "app.kubernetes.io/name=minio")
    return {one["metadata"]["name"]: one["metadata"]["uid"] for one in found}


def claims(project: Project) -> dict[str, str]:
    found = project.objects("persistentvolumeclaims", "-n", NAMESPACE)
    return {
        one["metadata"]["name"]: one["spec"]["resources"]["requests"]["storage"]
        for one in found
        if one["metadata"]["name"].startswith("data-minio-")
    }


def as_wanted(project: Project, storage: str) -> bool:
    (template,) = stateful_set(project)["spec"]["volumeClaimTemplates"]
    declared = template["spec"]["resources"]["requests"]["storage"]
    return claims(project) == {f"data-minio-{index}": storage for index in range(4)} and declared == storage


def test_protected_volumes_grow_with_their_pods_running(project: Project) -> None:
    """It stopped half-way on a template that never changes, or was refused since the StatefulSet is protected."""
    before, was = pods(project), stateful_set(project)["metadata"]["uid"]
    assert len(before) == 4 and as_wanted(project, "10Gi")
    sized(project, "20Gi")
    said = project.succeed("up")
    assert "4 claims grow to 20Gi" in said and "made again around its pods" in said
    assert as_wanted(project, "20Gi")
    assert stateful_set(project)["metadata"]["uid"] != was
    assert pods(project) == before, "no pod was exchanged"
    assert "no changes" in project.succeed("up"), "what was done by hand and what the state knows agree"


def test_a_run_that_is_killed_while_volumes_grow_is_simply_repeated(project: Project) -> None:
    """Claims that have grown, and a StatefulSet that is gone: the next run finds both in the cluster."""
    before = pods(project)
    sized(project, "30Gi")
    ended = project.kill_during("up", "--yes", after=0.2, once=lambda: "30Gi" in claims(project).values())
    assert ended.struck
    project.succeed("up")
    assert as_wanted(project, "30Gi")
    assert pods(project) == before


def test_a_smaller_volume_is_refused_before_anything_is_changed(project: Project) -> None:
    before = stateful_set(project)["metadata"]["uid"]
    sized(project, "5Gi")
    done = project.ops("up")
    assert done.returncode != 0
    message = done.stdout + done.stderr
    assert "StatefulSet astrbot/minio: the volume data goes from 30Gi to 5Gi" in message.replace("\n", " ")
    assert "nothing was deployed" in message and stateful_set(project)["metadata"]["uid"] == before
