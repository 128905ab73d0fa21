"""Objects of operators that need containers: kwok's stages write the status that the operator would."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.cluster import Cluster, thing


def ready(found: dict[str, Any]) -> bool:
    conditions = found.get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def healthy_database(found: dict[str, Any]) -> bool:
    status = found.get("status", {})
    phase = status.get("phase") == "Cluster in healthy state"
    return phase and status["readyInstances"] == found["spec"]["instances"] and ready(found)


def redis_ready(found: dict[str, Any]) -> bool:
    return bool(found.get("status", {}).get("state") == "Ready")


def redis_cluster_ready(found: dict[str, Any]) -> bool:
    status = found.get("status", {})
    return redis_ready(found) and (status["readyLeaderReplicas"], status["readyFollowerReplicas"]) == (3, 2)


def synced(found: dict[str, Any]) -> bool:
    status = found.get("status", {})
    return bool(status.get("health") == {"status": "Healthy"} and status["sync"] == {"status": "Synced"})


STAGED = [
    ("postgresql.cnpg.io/v1", "Cluster", {"instances": 3}, healthy_database),
    ("redis.redis.opstreelabs.in/v1beta2", "RedisCluster", {"redisFollower": {"replicas": 2}}, redis_cluster_ready),
    ("redis.redis.opstreelabs.in/v1beta2", "Redis", {}, redis_ready),
    ("cert-manager.io/v1", "Certificate", {"secretName": "tls"}, ready),
    ("cert-manager.io/v1", "Issuer", {"selfSigned": {}}, ready),
    ("cert-manager.io/v1", "ClusterIssuer", {"selfSigned": {}}, ready),
    ("external-secrets.io/v1", "ExternalSecret", {}, ready),
    ("external-secrets.io/v1", "SecretStore", {}, ready),
    ("external-secrets.io/v1", "ClusterSecretStore", {}, ready),
    ("argoproj.io/v1alpha1", "Application", {}, synced),
]


@pytest.mark.parametrize(("api", "kind", "spec", "condition"), STAGED, ids=[row[1] for row in STAGED])
def test_the_object_of_a_simulated_operator_becomes_ready_and_then_rests(
    cluster: Cluster, api: str, kind: str, spec: dict[str, Any], condition: Callable[[dict[str, Any]], bool]
) -> None:
    group, _, _ = api.partition("/")
    cluster.apply(thing(api, kind, "staged", spec=spec))
    first = cluster.wait("ready", condition, f"{kind}.{group}", "staged")
    time.sleep(0.5)
    second = cluster.get(f"{kind}.{group}", "staged")
    unchanged = first["metadata"]["resourceVersion"] == second["metadata"]["resourceVersion"]
    assert unchanged, f"stages write again and again: {second['status']}"


def test_the_status_of_a_simulated_operator_follows_the_spec(cluster: Cluster) -> None:
    cluster.apply(thing("postgresql.cnpg.io/v1", "Cluster", "grows", spec={"instances": 1}))
    cluster.wait("ready", healthy_database, "clusters.postgresql.cnpg.io", "grows")
    cluster.run("patch", "clusters.postgresql.cnpg.io", "grows", "--type=merge", "-p", '{"spec": {"instances": 3}}')
    cluster.wait("three ready", healthy_database, "clusters.postgresql.cnpg.io", "grows")


def test_an_application_that_argo_cd_would_clear_up_after_is_let_go(cluster: Cluster) -> None:
    """Whoever removes an environment waits for it, and Argo CD does not run here."""
    application = thing("argoproj.io/v1alpha1", "Application", "kept", spec={})
    application["metadata"]["finalizers"] = ["resources-finalizer.argocd.argoproj.io"]
    cluster.apply(application)
    cluster.run("delete", "applications.argoproj.io", "kept", "--wait=true", "--timeout=30s")


def test_a_test_can_keep_an_object_from_becoming_ready(cluster: Cluster) -> None:
    broken = thing("cert-manager.io/v1", "Certificate", "broken", spec={})
    broken["metadata"]["annotations"] = {"sandbox.platform.io/status": "manual"}
    other = thing("cert-manager.io/v1", "Certificate", "other", spec={})
    cluster.apply(broken, other)
    cluster.wait("ready", ready, "certificates.cert-manager.io", "other")
    assert not ready(cluster.get("certificates.cert-manager.io", "broken"))
