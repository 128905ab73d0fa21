"""The migration Job of every environment: named after its release, before the services, in the service's own image."""

from __future__ import annotations

from graph.manifests import manifests
from graph.model import Graph
from stacks.systems.astrbot.system import DECLARATION
from tests.unit.recordings import environment_of, objects


def test_the_job_bears_the_release_and_runs_its_image_once(graph: Graph) -> None:
    """A Job cannot be changed: under the same name the next release's migration would be refused, or never run."""
    (job,) = [one for one in objects(graph, "Job") if one["metadata"]["name"].startswith("astrbot-migration-")]
    version = DECLARATION.version
    assert job["metadata"]["name"].startswith(f"astrbot-migration-{version.replace('.', '-')}-")
    assert job["metadata"]["labels"]["app.kubernetes.io/version"] == version
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["image"].endswith(f"/tenant-service:{version}")
    assert job["spec"]["backoffLimit"] == 0
    host = environment_of(container)["PGHOST"]["value"]
    assert host == "postgresql-cluster-rw.astrbot.svc.cluster.local", "a pooler takes advisory locks away"


def test_new_pods_start_after_the_migration_and_the_migration_after_the_database(graph: Graph) -> None:
    """Code that meets a schema that it does not know fails on its first request."""
    wave = {(one.kind, one.name): one.wave for one in manifests(graph)}
    (job,) = [at for (kind, name), at in wave.items() if kind == "Job" and name.startswith("astrbot-migration-")]
    assert wave["Cluster", "postgresql-cluster"] < job
    assert all(job < one.wave for one in manifests(graph) if one.kind == "Deployment" and one.namespace == "astrbot")
