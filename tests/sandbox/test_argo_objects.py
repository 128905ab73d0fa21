"""What Argo CD is told, on a real API server with Argo CD's own definitions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from graph.manifests import Manifest, manifests
from graph.model import revealed
from sandbox import Sandbox
from tests.sandbox.cluster import Cluster, listed
from tests.unit.definitions import ABSENT, FOLDER, definition
from tests.unit.scratch import scratch_in

FILE = """\
config:
  saas-platform:tier: prod
  saas-platform:domain: example.com
  saas-platform:cluster: {kind: existing, context: prod}
  saas-platform:secret_store: {name: platform, path: p}
  saas-platform:delivery: argocd
  saas-platform:gitops:
    repository: https://github.com/example/deployments.git
    notifications: [{trigger: on-sync-failed, service: slack, recipient: platform}]
CLUSTERS  saas-platform:systems: {astrbot: {}}
"""
FLEET = """\
  saas-platform:fleet:
    clusters:
      - {name: eu, context: eu, region: eu-central-1, server: 'https://eu.example.com'}
      - {name: us, context: us, region: us-east-1, server: 'https://us.example.com'}
"""
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT)


def declared(folder: Path, clusters: str) -> tuple[Manifest, ...]:
    with pytest.MonkeyPatch.context() as patch:
        return manifests(scratch_in(folder, patch).record(FILE.replace("CLUSTERS", clusters)))


@pytest.mark.parametrize(("clusters", "kind"), [("", "Application"), (FLEET, "ApplicationSet")])
def test_the_api_server_accepts_it_strictly(
    control_plane: Sandbox, cluster: Cluster, tmp_path: Path, clusters: str, kind: str
) -> None:
    """Rules in CEL and the types of nested fields are the API server's alone; unknown fields are refused here."""
    definitions = [definition("argoproj.io", one) for one in ("Application", "ApplicationSet", "AppProject")]
    cluster.run("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=json.dumps(listed(tuple(definitions))))
    names = [one["metadata"]["name"] for one in definitions]
    cluster.run("wait", "--for=condition=Established", "--timeout=30s", "crd", *names)
    found = declared(tmp_path, clusters)
    assert kind in {one.kind for one in found}
    # In the test's own namespace: `argocd` is not there.
    bodies = [revealed(one.body) for one in found]
    bodies = [{**one, "metadata": {**one["metadata"], "namespace": cluster.namespace}} for one in bodies]
    for body in bodies:
        body["metadata"].pop("finalizers", None)
    cluster.run("create", "--validate=strict", "-f", "-", stdin=json.dumps(listed(tuple(bodies))))
    for body in bodies:
        group = body["apiVersion"].partition("/")[0]
        live = cluster.get(f"{body['kind']}.{group}", body["metadata"]["name"])
        assert live["spec"] == body["spec"]
    broken = {**bodies[0], "spec": {**bodies[0]["spec"], "mispelt": True}}
    broken["metadata"] = {**broken["metadata"], "name": "broken"}
    with pytest.raises(AssertionError, match="mispelt"):
        cluster.run("create", "--validate=strict", "-f", "-", stdin=json.dumps(broken))
