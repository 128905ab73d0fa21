"""The control plane itself: what is scheduled, bound, addressed, enforced, and where it listens."""

from __future__ import annotations

import json
from typing import Any

import psutil
import pytest

from sandbox import Sandbox
from tests.sandbox.cluster import Cluster, pids, pod_template, thing


def test_the_servers_report_the_pinned_version(cluster: Cluster) -> None:
    version = json.loads(cluster.run("version", "-o", "json"))
    assert version["serverVersion"]["gitVersion"] == "v1.35.4", version
    assert version["clientVersion"]["gitVersion"] == "v1.35.4", version


def test_pods_become_ready_in_every_zone(cluster: Cluster) -> None:
    labels = {"app": "spread"}
    spread = {
        "maxSkew": 1,
        "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": labels},
    }
    template = pod_template(labels, topologySpreadConstraints=[spread])
    cluster.apply(
        thing(
            "apps/v1",
            "Deployment",
            "spread",
            spec={"replicas": 3, "selector": {"matchLabels": labels}, "template": template},
        )
    )
    cluster.run("rollout", "status", "deployment/spread", "--timeout=30s")
    nodes = {node["metadata"]["name"]: node["metadata"]["labels"] for node in cluster.get("nodes")["items"]}
    pods = cluster.get("pods", "--selector=app=spread")["items"]
    zones = {nodes[pod["spec"]["nodeName"]]["topology.kubernetes.io/zone"] for pod in pods}
    assert zones == {"eu-central-1a", "eu-central-1b", "eu-central-1c"}, f"all pods are in {zones}"


def test_a_job_completes(cluster: Cluster) -> None:
    cluster.apply(thing("batch/v1", "Job", "once", spec={"template": pod_template({}, restartPolicy="Never")}))
    cluster.run("wait", "--for=condition=Complete", "job/once", "--timeout=30s")


@pytest.mark.parametrize("storage_class", [None, "standard", "fast-ssd"])
def test_a_claim_binds_grows_and_takes_its_volume_along(cluster: Cluster, storage_class: str | None) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "5Gi"}}}
    if storage_class:
        spec["storageClassName"] = storage_class
    cluster.apply(thing("v1", "PersistentVolumeClaim", "data", spec=spec))
    bound = cluster.wait("bound", lambda claim: claim["status"].get("phase") == "Bound", "pvc", "data")
    volume = bound["spec"]["volumeName"]
    cluster.run("patch", "pvc", "data", "-p", '{"spec": {"resources": {"requests": {"storage": "9Gi"}}}}')
    cluster.wait("grown", lambda claim: claim["status"]["capacity"]["storage"] == "9Gi", "pvc", "data")
    assert cluster.get("pv", volume)["spec"]["capacity"]["storage"] == "9Gi", "claim and volume disagree"
    cluster.run("delete", "pvc", "data")
    cluster.wait("volume gone", lambda found: volume not in names(found), "pv")


def names(found: dict[str, Any]) -> set[str]:
    return {item["metadata"]["name"] for item in found["items"]}


@pytest.mark.parametrize(
    "entry",
    [
        thing("v1", "Service", "front", spec={"type": "LoadBalancer", "ports": [{"port": 443}]}),
        thing(
            "networking.k8s.io/v1",
            "Ingress",
            "front",
            spec={"defaultBackend": {"service": {"name": "front", "port": {"number": 443}}}},
        ),
    ],
    ids=lambda entry: entry["kind"],
)
def test_what_leads_into_the_cluster_gets_an_address(cluster: Cluster, entry: dict[str, Any]) -> None:
    cluster.apply(entry)
    found = cluster.wait("address", lambda it: it["status"]["loadBalancer"].get("ingress"), entry["kind"], "front")
    [address] = found["status"]["loadBalancer"]["ingress"]
    assert address["ip"].startswith("203.0.113."), address


def test_a_quota_is_enforced(cluster: Cluster) -> None:
    cluster.apply(thing("v1", "ResourceQuota", "none", spec={"hard": {"pods": "0"}}))
    cluster.wait("counted", lambda quota: quota.get("status", {}).get("hard"), "resourcequota", "none")
    with pytest.raises(AssertionError, match="exceeded quota"):
        cluster.apply(thing("v1", "Pod", "refused", spec=pod_template({})["spec"]))


def test_the_pod_security_standard_of_a_namespace_is_enforced(cluster: Cluster) -> None:
    cluster.run("label", "namespace", cluster.namespace, "pod-security.kubernetes.io/enforce=restricted")
    with pytest.raises(AssertionError, match="violates PodSecurity"):
        cluster.apply(thing("v1", "Pod", "refused", spec=pod_template({})["spec"]))


def test_who_has_no_role_may_nothing(cluster: Cluster) -> None:
    with pytest.raises(AssertionError, match="cannot list resource"):
        cluster.run("get", "secrets", "--as=nobody-in-particular")


def test_every_listener_is_on_the_loopback_address_only(control_plane: Sandbox) -> None:
    listening = {
        (component.name, connection.laddr.ip)
        for component in control_plane.status().components
        for connection in psutil.Process(component.pid).net_connections()
        if connection.status == psutil.CONN_LISTEN
    }
    assert {address for _, address in listening} == {"127.0.0.1"}, f"reachable from outside: {listening}"
    assert {name for name, _ in listening} == set(pids(control_plane)), "a component listens nowhere"
