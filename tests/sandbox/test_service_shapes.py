"""Services of every shape before a real API server: what it validates strictly, admits, makes and scales."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from graph.model import masked
from tests.sandbox.cluster import Cluster
from tests.unit.definitions import ABSENT, FOLDER
from tests.unit.recordings import objects
from tests.unit.scratch import scratch_in
from tests.unit.stacks.shapes import CLOUDLENS_BACKEND, MODEL_SERVING, RUST_STATEFUL_APP, environment

# What each makes, without what belongs to the whole namespace.
KINDS = (
    "ConfigMap",
    "Deployment",
    "HorizontalPodAutoscaler",
    "PersistentVolumeClaim",
    "PodDisruptionBudget",
    "PriorityClass",
    "ScaledObject",
    "Service",
    "ServiceAccount",
    "StatefulSet",
    "VerticalPodAutoscaler",
)
SHAPES = ("model-serving", "rust-stateful-app", "cloudlens-backend")


def of_the_services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, namespace: str) -> list[dict[str, Any]]:
    """Production's objects of three services, in a namespace of the test's own."""
    text = environment("prod", MODEL_SERVING, RUST_STATEFUL_APP, CLOUDLENS_BACKEND)
    found = [dict(masked(body)) for body in objects(scratch_in(tmp_path, monkeypatch).record(text), *KINDS)]
    return [
        body | {"metadata": body["metadata"] | ({} if body["kind"] == "PriorityClass" else {"namespace": namespace})}
        for body in found
        if body["kind"] == "PriorityClass" or body["metadata"]["labels"]["app.kubernetes.io/name"] in SHAPES
    ]


@pytest.fixture
def shapes(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """The services applied, every field known to the API server. Their settings and secrets are others' affair."""
    for folder in ("keda", "vpa"):
        cluster.run("apply", "--server-side", "--force-conflicts", "-f", str(FOLDER / folder))
    for kind in ("scaledobjects.keda.sh", "verticalpodautoscalers.autoscaling.k8s.io"):
        cluster.run("wait", "--for=condition=Established", f"crd/{kind}", "--timeout=30s")
    bodies = sorted(
        of_the_services(tmp_path, monkeypatch, cluster.namespace), key=lambda body: body["kind"] != "PriorityClass"
    )
    for body in bodies:
        body["metadata"].pop("annotations", None)
    cluster.run("apply", "--server-side", "--validate=strict", "--force-conflicts", "-f", "-", stdin=_listed(bodies))
    return cluster


def _listed(bodies: list[dict[str, Any]]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": bodies})


@pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT)
def test_services_of_every_shape_run(shapes: Cluster) -> None:
    """A field that the API server does not know, or a combination that it refuses, fails a deployment half-way."""

    def ready(number: int) -> Any:
        return lambda found: found["status"].get("readyReplicas") == number

    shapes.wait("StatefulSet", ready(3), "statefulset", "rust-stateful-app")
    pods = {pod["metadata"]["name"] for pod in shapes.get("pods")["items"]}
    assert pods >= {f"rust-stateful-app-{number}" for number in range(3)}
    claims = {claim["metadata"]["name"] for claim in shapes.get("persistentvolumeclaims")["items"]}
    assert claims == {"cloudlens-backend-data", *(f"data-rust-stateful-app-{number}" for number in range(3))}
    shapes.wait("Deployment", ready(1), "deployment", "cloudlens-backend")
    (mounted,) = [
        volume["persistentVolumeClaim"]["claimName"]
        for volume in shapes.get("deployment", "cloudlens-backend")["spec"]["template"]["spec"]["volumes"]
        if "persistentVolumeClaim" in volume
    ]
    assert mounted == "cloudlens-backend-data"
    scaled = shapes.get("scaledobject", "model-serving")["spec"]
    assert (scaled["minReplicaCount"], scaled["maxReplicaCount"]) == (2, 20)
    assert shapes.get("verticalpodautoscaler", "model-serving")["spec"]["updatePolicy"] == {"updateMode": "Off"}
