"""The control plane itself: what is scheduled, bound, addressed and reported, and how it survives being killed."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from sandbox import Sandbox, processes

SECONDS = 30.0


class Cluster:
    """kubectl against a sandbox, and waiting for what it shows."""

    def __init__(self, sandbox: Sandbox, namespace: str) -> None:
        self.namespace = namespace
        self._command = [str(sandbox.kubectl), "--kubeconfig", str(sandbox.kubeconfig), "--namespace", namespace]

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        result = subprocess.run([*self._command, *arguments], input=stdin, capture_output=True, text=True, check=False)
        assert result.returncode == 0, f"kubectl {' '.join(arguments)}: {result.stderr}"
        return result.stdout

    def apply(self, *objects: dict[str, Any]) -> None:
        self.run("apply", "--server-side", "-f", "-", stdin=json.dumps(listed(objects)))

    def get(self, *arguments: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.run("get", *arguments, "-o", "json"))
        return content

    def wait(self, description: str, condition: Callable[[dict[str, Any]], object], *arguments: str) -> dict[str, Any]:
        deadline = time.monotonic() + SECONDS
        while not condition(found := self.get(*arguments)):
            assert time.monotonic() < deadline, (
                f"{description}: not within {SECONDS:.0f} s; status {found.get('status')}"
            )
            time.sleep(0.1)
        return found


def listed(objects: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "List", "items": list(objects)}


def thing(api_version: str, kind: str, name: str, **fields: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **fields}


def pod_template(labels: dict[str, str], **spec: Any) -> dict[str, Any]:
    amounts = {"cpu": "100m", "memory": "64Mi", "ephemeral-storage": "1Gi"}
    container = {"name": "main", "image": "example.test/image:1", "resources": {"requests": amounts}}
    return {"metadata": {"labels": labels}, "spec": {"containers": [container], **spec}}


def pids(sandbox: Sandbox) -> dict[str, int | None]:
    return {component.name: component.pid for component in sandbox.status().components}


@pytest.fixture
def cluster(control_plane: Sandbox) -> Iterator[Cluster]:
    namespace = f"test-{secrets.token_hex(4)}"
    cluster = Cluster(control_plane, namespace)
    cluster.run("create", "namespace", namespace)
    yield cluster
    cluster.run("delete", "namespace", namespace, "--wait=false")


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


STAGED = [
    ("postgresql.cnpg.io/v1", "Cluster", {"instances": 3}, healthy_database),
    ("redis.redis.opstreelabs.in/v1beta2", "RedisCluster", {"redisFollower": {"replicas": 2}}, redis_cluster_ready),
    ("redis.redis.opstreelabs.in/v1beta2", "Redis", {}, redis_ready),
    ("cert-manager.io/v1", "Certificate", {"secretName": "tls"}, ready),
    ("cert-manager.io/v1", "Issuer", {"selfSigned": {}}, ready),
    ("cert-manager.io/v1", "ClusterIssuer", {"selfSigned": {}}, ready),
    ("external-secrets.io/v1", "ExternalSecret", {}, ready),
    ("external-secrets.io/v1", "ClusterSecretStore", {}, ready),
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


def test_a_test_can_keep_an_object_from_becoming_ready(cluster: Cluster) -> None:
    broken = thing("cert-manager.io/v1", "Certificate", "broken", spec={})
    broken["metadata"]["annotations"] = {"sandbox.platform.io/status": "manual"}
    other = thing("cert-manager.io/v1", "Certificate", "other", spec={})
    cluster.apply(broken, other)
    cluster.wait("ready", ready, "certificates.cert-manager.io", "other")
    assert not ready(cluster.get("certificates.cert-manager.io", "broken"))


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


def test_a_second_up_changes_no_process(control_plane: Sandbox) -> None:
    before = pids(control_plane)
    control_plane.up()
    assert pids(control_plane) == before


def test_up_adds_and_removes_nodes(cluster: Cluster, control_plane: Sandbox) -> None:
    control_plane.up(nodes=4, zones=2, cpu="8")
    four = cluster.get("nodes")["items"]
    assert {node["status"]["allocatable"]["cpu"] for node in four} == {"8"}
    assert len(four) == 4
    control_plane.up()
    status = control_plane.status()
    assert (status.nodes_ready, status.nodes_total) == (3, 3)


@pytest.mark.parametrize("component", ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"])
def test_up_brings_back_a_component_that_was_killed(control_plane: Sandbox, component: str) -> None:
    before = pids(control_plane)
    victim = before[component]
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    deadline = time.monotonic() + SECONDS
    while control_plane.running:
        assert time.monotonic() < deadline, f"{component} still counts as running"
    control_plane.up()
    after = pids(control_plane)
    assert control_plane.status().running
    assert after[component] != victim
    others = {name: pid for name, pid in after.items() if name != component}
    assert others == {name: pid for name, pid in before.items() if name != component}, "more than it was restarted"


def test_up_replaces_a_component_whose_record_was_lost(control_plane: Sandbox) -> None:
    before = pids(control_plane)["kube-scheduler"]
    assert before is not None
    (control_plane.folder / "pids" / "kube-scheduler.json").unlink()
    control_plane.up()
    assert not runs(before), "two schedulers would bind the same pods"
    assert control_plane.status().running


def test_down_leaves_a_process_alone_that_got_a_recycled_pid(tmp_path: Path) -> None:
    sandbox = Sandbox("recycled", state=tmp_path)
    stranger = processes.spawn(["/bin/sleep", "60"], {}, tmp_path / "stranger.log")
    processes.write(sandbox.folder / "pids" / "etcd.json", replace(stranger, started=stranger.started - 3600))
    try:
        sandbox.down()
        assert stranger.process is not None, "down killed a stranger's process"
    finally:
        processes.stop(stranger)


def test_down_keeps_objects_and_addresses_and_reset_leaves_nothing(control_plane: Sandbox, tmp_path: Path) -> None:
    sandbox = Sandbox("short-lived", state=tmp_path)
    try:
        sandbox.up(nodes=1, custom_resources=())
        Cluster(sandbox, "default").run("create", "configmap", "kept")
        before, first = sandbox.kubeconfig.read_text(), pids(sandbox)
        sandbox.down()
        assert not alive(first), "down left processes"
        assert not sandbox.running
        sandbox.up(nodes=1, custom_resources=())
        assert sandbox.kubeconfig.read_text() == before, "the address or the certificates changed"
        Cluster(sandbox, "default").run("get", "configmap", "kept")
        assert control_plane.running, "two sandboxes do not run side by side"
        second = pids(sandbox)
    finally:
        sandbox.reset()
    assert not alive(second), "reset left processes"
    assert not sandbox.folder.exists()


def alive(found: dict[str, int | None]) -> list[str]:
    return [name for name, pid in found.items() if pid is not None and runs(pid)]


def runs(pid: int) -> bool:
    # The tests are the parent of what they started, so an ended one may still be there as a zombie.
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
