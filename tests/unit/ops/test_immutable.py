"""Changes that a database cannot make are refused before anything is deployed, with the way that works instead."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from graph.model import Graph, masked
from ops.immutable import refusals
from tests.unit.recordings import objects, system_of

Change = Callable[[dict[str, Any]], object]


def declared(graph: Graph) -> list[Any]:
    return [copy.deepcopy(masked(body)) for body in objects(graph)]


def cluster_of(bodies: list[Any]) -> dict[str, Any]:
    (found,) = [body for body in bodies if (body["kind"], system_of(body)) == ("Cluster", "astrbot")]
    spec: dict[str, Any] = found["spec"]
    return spec


def test_what_is_deployed_already_may_be_deployed_again(graph: Graph) -> None:
    """A check that is wrong about an unchanged environment stops every deployment."""
    assert refusals(declared(graph), declared(graph)) == []
    assert refusals(declared(graph), []) == [], "a first deployment has nothing to compare with"


REFUSED: dict[str, tuple[Change, str]] = {
    "a smaller volume": (lambda spec: spec["storage"].update(size="1Gi"), "storage.size goes from 10Gi to 1Gi"),
    "a smaller WAL volume": (
        lambda spec: spec["walStorage"].update(size="1Gi"),
        "walStorage.size goes from 2Gi to 1Gi",
    ),
    "no WAL volume": (lambda spec: spec.pop("walStorage"), "walStorage is dropped"),
    "another class": (lambda spec: spec["storage"].update(storageClass="slow"), "goes from fast-ssd to slow"),
    "no class": (lambda spec: spec["walStorage"].pop("storageClass"), "goes from fast-ssd to None"),
    "an older major": (lambda spec: spec["imageCatalogRef"].update(major=16), "major goes from 17 to 16"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_change_that_cannot_be_made_is_refused_with_the_way_that_works(dev: Graph, name: str) -> None:
    """The operator's webhook would say so half-way through the deployment, or not at all."""
    change, words = REFUSED[name]
    wanted = declared(dev)
    change(cluster_of(wanted))
    (message,) = refusals(wanted, declared(dev))
    assert message.startswith("Cluster astrbot/postgresql-cluster: ")
    assert words in message
    assert "declare a second cluster" in message


ALLOWED: dict[str, Change] = {
    "a larger volume": lambda spec: spec["storage"].update(size="20Gi"),
    "the same size in another unit": lambda spec: spec["storage"].update(size="10240Mi"),
    "a newer major": lambda spec: spec["imageCatalogRef"].update(major=18),
    "more instances": lambda spec: spec.update(instances=3),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_a_change_that_can_be_made_is_let_through(dev: Graph, name: str) -> None:
    """Growing is the ordinary case."""
    wanted = declared(dev)
    ALLOWED[name](cluster_of(wanted))
    assert refusals(wanted, declared(dev)) == []


def test_a_wal_volume_may_be_added(dev: Graph) -> None:
    """The operator moves the WAL there; only the way back is closed."""
    live = declared(dev)
    cluster_of(live).pop("walStorage")
    assert refusals(declared(dev), live) == []


def test_all_refusals_are_reported_at_once(dev: Graph) -> None:
    """One a deployment would take as many deployments."""
    wanted = declared(dev)
    cluster_of(wanted)["storage"] = {"size": "1Gi", "storageClass": "slow"}
    assert len(refusals(wanted, declared(dev))) == 2


def body(api: str, kind: str, spec: Mapping[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    metadata = {"namespace": "shop", "name": "one"}
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **({"spec": spec} if spec else {}), **fields}


def template(size: str = "10Gi", name: str = "data", **spec: Any) -> dict[str, Any]:
    claim = {"accessModes": ["ReadWriteOnce"], "storageClassName": "fast", **spec}
    return {"metadata": {"name": name}, "spec": {**claim, "resources": {"requests": {"storage": size}}}}


def claimed(api: str, kind: str, claim: Mapping[str, Any] | None) -> dict[str, Any]:
    """What an operator makes a StatefulSet of, with the template of its claims."""
    return body(api, kind, {"storage": {"volumeClaimTemplate": claim} if claim else {}, "replicas": 1})


REDIS, MONITORING = "redis.redis.opstreelabs.in/v1beta2", "monitoring.coreos.com/v1"
# Object as deployed, as wanted, and what of it is told: its field, both values, and the way that works.
KEPT: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]] = {
    "a claim's class": (
        body("v1", "PersistentVolumeClaim", {"storageClassName": "fast"}),
        body("v1", "PersistentVolumeClaim", {"storageClassName": "slow"}),
        ("PersistentVolumeClaim shop/one", "spec.storageClassName", "fast", "slow", "under another name"),
    ),
    "a claim that shrinks": (
        body("v1", "PersistentVolumeClaim", template("20Gi")["spec"]),
        body("v1", "PersistentVolumeClaim", template("10Gi")["spec"]),
        ("20Gi", "10Gi", "never shrinks"),
    ),
    "a StatefulSet's selector": (
        body("apps/v1", "StatefulSet", {"selector": {"matchLabels": {"app": "a"}}}),
        body("apps/v1", "StatefulSet", {"selector": {"matchLabels": {"app": "b"}}}),
        ("spec.selector", "'a'", "'b'"),
    ),
    "a StatefulSet's volume that shrinks": (
        body("apps/v1", "StatefulSet", {"volumeClaimTemplates": [template("20Gi")]}),
        body("apps/v1", "StatefulSet", {"volumeClaimTemplates": [template("10Gi")]}),
        ("volume data", "20Gi", "10Gi", "never shrinks"),
    ),
    "a StatefulSet's volume of another class": (
        body("apps/v1", "StatefulSet", {"volumeClaimTemplates": [template()]}),
        body("apps/v1", "StatefulSet", {"volumeClaimTemplates": [template(storageClassName="slow")]}),
        ("storageClassName", "fast", "slow"),
    ),
    "a StatefulSet's volume that is dropped": (
        body("apps/v1", "StatefulSet", {"volumeClaimTemplates": [template(), template(name="wal")]}),
        body("apps/v1", "StatefulSet", {"volumeClaimTemplates": [template()]}),
        ("volume wal is dropped",),
    ),
    "a Redis cluster's volume that shrinks": (
        claimed(REDIS, "RedisCluster", template("50Gi")),
        claimed(REDIS, "RedisCluster", template("10Gi")),
        ("RedisCluster shop/one", "50Gi", "10Gi"),
    ),
    "a Redis cluster's volume of nodes": (
        body(REDIS, "RedisCluster", {"storage": {"nodeConfVolume": True}}),
        body(REDIS, "RedisCluster", {"storage": {}}),
        ("nodeConfVolume goes from True to nothing", "kubectl delete rediscluster.redis.redis.opstreelabs.in"),
    ),
    "a Prometheus' volume that shrinks": (
        claimed(MONITORING, "Prometheus", template("50Gi")),
        claimed(MONITORING, "Prometheus", template("10Gi")),
        ("prometheus-one-db", "50Gi", "10Gi"),
    ),
    "a priority": (
        body("scheduling.k8s.io/v1", "PriorityClass", value=1),
        body("scheduling.k8s.io/v1", "PriorityClass", value=2),
        ("value goes from 1 to 2", "kubectl delete priorityclass.scheduling.k8s.io"),
    ),
    "how a class' volumes are let go of": (
        body("storage.k8s.io/v1", "StorageClass", reclaimPolicy="Retain"),
        body("storage.k8s.io/v1", "StorageClass", reclaimPolicy="Delete"),
        ("reclaimPolicy", "Retain", "Delete", "stay as they are"),
    ),
    "a class of Ingress": (
        body("networking.k8s.io/v1", "IngressClass", {"controller": "a.io/one"}),
        body("networking.k8s.io/v1", "IngressClass", {"controller": "b.io/two"}),
        ("spec.controller", "a.io/one", "b.io/two"),
    ),
    "a Job's completions": (
        body("batch/v1", "Job", {"completionMode": "NonIndexed"}),
        body("batch/v1", "Job", {"completionMode": "Indexed"}),
        ("completionMode", "kubectl delete job.batch -n shop one"),
    ),
    "what is immutable": (
        body("v1", "ConfigMap", immutable=True, data={"a": "1"}),
        body("v1", "ConfigMap", data={"a": "2"}),
        ("immutable", "kubectl delete configmap -n shop one"),
    ),
    "the scope of a definition": (
        body("apiextensions.k8s.io/v1", "CustomResourceDefinition", {"scope": "Namespaced"}),
        body("apiextensions.k8s.io/v1", "CustomResourceDefinition", {"scope": "Cluster"}),
        ("spec.scope", "Namespaced", "Cluster"),
    ),
    "a database's cluster": (
        body("postgresql.cnpg.io/v1", "Database", {"cluster": {"name": "a"}}),
        body("postgresql.cnpg.io/v1", "Database", {"cluster": {"name": "b"}}),
        ("Database shop/one", "spec.cluster"),
    ),
}


@pytest.mark.parametrize("name", KEPT)
def test_a_field_that_never_changes_is_told_with_both_values_and_the_way_that_works(name: str) -> None:
    """Found half-way, what is deployed by then is of two versions."""
    present, wanted, words = KEPT[name]
    (message,) = refusals([wanted], [present])
    assert [word for word in words if word not in message] == []
    assert message.startswith(f"{wanted['kind']} shop/one: ")
    assert refusals([present], [present]) == refusals([wanted], [wanted]) == []


def test_what_the_server_fills_in_is_no_change() -> None:
    """It adds modes, policies and classes that nobody declared."""
    wanted = body("v1", "PersistentVolumeClaim", {"accessModes": ["ReadWriteOnce"]})
    filled = {
        "accessModes": ["ReadWriteOnce"],
        "volumeMode": "Filesystem",
        "storageClassName": "fast",
        "volumeName": "v",
    }
    assert refusals([wanted], [body("v1", "PersistentVolumeClaim", filled)]) == []


def test_a_volume_may_grow_whoever_made_it() -> None:
    """The run or the operator expands the claims."""
    for api, kind in ((REDIS, "RedisCluster"), (MONITORING, "Prometheus")):
        assert refusals([claimed(api, kind, template("20Gi"))], [claimed(api, kind, template("10Gi"))]) == []
    small, large = (body("apps/v1", "StatefulSet", {"volumeClaimTemplates": [template(one)]}) for one in ("1Gi", "2Gi"))
    assert refusals([large], [small]) == []
