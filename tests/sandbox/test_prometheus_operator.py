"""The real Prometheus operator takes production's monitoring objects and makes of them what was meant."""

from __future__ import annotations

import base64
import gzip
import json
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from components.kubernetes.naming import Scope
from components.monitoring.monitors import federation_spec
from components.monitoring.prometheus import PrometheusArgs, RemoteWrite, specification
from graph.model import masked
from graph.record import record
from sandbox import Sandbox, tools
from tests.sandbox.cluster import Cluster
from tests.sandbox.processes import answers, free_port, running, until
from tests.unit.definitions import ABSENT, FOLDER
from tests.unit.observability.test_prometheus import ARGUMENTS
from tests.unit.observability.test_routing import PEOPLE
from tests.unit.recordings import objects
from versions import PROMETHEUS_AGENT, SCRAPE_CONFIG

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT)

GROUP = "monitoring.coreos.com/"
CERTIFICATES = ("prometheus-tls", "thanos-tls")
STATEFUL_SETS = {"prometheus-main": 2, "alertmanager-main": 3, "thanos-ruler-main": 2, "prom-agent-edge": 2}
# What secrets are made of is not the operator's business, only that they are there.
SECRETS = {
    "alerting-credentials": ["pagerduty-service-key", "slack-webhook-url", "smtp-password", "wecom-api-secret"],
    "thanos-object-storage": ["configuration", "query"],
}


def applied() -> list[dict[str, Any]]:
    """Production's monitoring objects, with the namespaces and accounts that they need."""
    everything = objects(record("prod"))
    monitoring = [body for body in everything if body["apiVersion"].startswith(GROUP)]
    accounts = [
        body
        for body in everything
        if body["kind"] == "ServiceAccount" and body["metadata"]["namespace"] == "monitoring"
    ]
    # What has no namespace comes first, and pods are refused whose class is not there.
    namespaces = [body for body in everything if body["kind"] in ("Namespace", "PriorityClass")]
    return [dict(masked(body)) for body in (*namespaces, *accounts, *monitoring)] + by_configuration()


def by_configuration() -> list[dict[str, Any]]:
    """What production does not have, and an environment's file may ask for: federation, and an agent that sends."""
    scope = Scope(namespace="monitoring", system="monitoring", environment="prod")
    remote = RemoteWrite(url="http://victoria-metrics:8428/api/v1/write", dropped="expensive_metric.*")
    arguments = {**ARGUMENTS, "scope": scope, "name": "edge", "remote_write": [remote], "agent": "https://a.example"}
    agent = PrometheusArgs(**arguments)
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": scope.metadata(agent.account)},
        {
            "apiVersion": PROMETHEUS_AGENT.api_version,
            "kind": PROMETHEUS_AGENT.kind,
            "metadata": scope.metadata(agent.account) | {"name": agent.name},
            "spec": specification(agent),
        },
        {
            "apiVersion": SCRAPE_CONFIG.api_version,
            "kind": SCRAPE_CONFIG.kind,
            "metadata": scope.metadata("federate-cluster-1"),
            "spec": federation_spec("federate-cluster-1", "prometheus.example.test:9090", ['{job="rust-app"}']),
        },
    ]


def secret(name: str, keys: list[str]) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "monitoring"}
    values = dict.fromkeys(keys, "https://example.test/")
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": values}


def certificate(secret_name: str) -> dict[str, Any]:
    """The Secret that cert-manager would make: the operator reads the authority's certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")]), datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    public = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain).decode()
    body = secret(secret_name, [])
    return {**body, "stringData": {"tls.crt": public, "ca.crt": public, "tls.key": private}}


@pytest.fixture(scope="module")
def operated(control_plane: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster on which the operator has the real definitions and production's objects."""
    operator = tools.ensure(["prometheus-operator"])["prometheus-operator"]
    folder, cluster = tmp_path_factory.mktemp("operator"), Cluster(control_plane, "monitoring")
    cluster.run("apply", "--server-side", "--force-conflicts", "-f", str(FOLDER / "prometheus-operator"))
    bodies = [*(secret(*one) for one in SECRETS.items()), *map(certificate, CERTIFICATES), *applied()]
    # Namespaces first; kubectl takes the objects of one namespace at a time.
    cluster.apply(*(body for body in bodies if body["kind"] in ("Namespace", "PriorityClass")))
    namespaces = sorted({body["metadata"].get("namespace", "") for body in bodies} - {""})
    for namespace in namespaces:
        mine = [body for body in bodies if body["metadata"].get("namespace") == namespace]
        Cluster(control_plane, namespace).apply(*mine)
    log, port = folder / "operator.log", free_port()
    command = [str(operator), f"--web.listen-address=127.0.0.1:{port}", "--prometheus-config-reloader=example.test/a:1"]
    with running(command, log, {**os.environ, "KUBECONFIG": str(control_plane.kubeconfig)}):
        until("the operator answers", lambda: answers(f"http://127.0.0.1:{port}/healthz"), log)
        for name in STATEFUL_SETS:
            until(f"StatefulSet {name}", lambda name=name: _ready(cluster, name), log)  # type: ignore[misc]
        yield cluster
    cluster.run("delete", "namespace", *namespaces, "--wait=false")


def _ready(cluster: Cluster, name: str) -> bool:
    found = [body for body in cluster.get("statefulsets")["items"] if body["metadata"]["name"] == name]
    return bool(found) and found[0]["status"].get("readyReplicas") == found[0]["spec"]["replicas"]


def generated(cluster: Cluster, name: str, key: str) -> str:
    data = cluster.get("secret", name)["data"][key]
    return gzip.decompress(base64.b64decode(data)).decode()


def check(tool: str, *arguments: str) -> str:
    path = tools.ensure([tool])[tool]
    result = subprocess.run([str(path), *arguments], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_every_stateful_set_has_its_replicas(operated: Cluster) -> None:
    """Required anti-affinity on too few nodes leaves a replica Pending for ever."""
    replicas = {one["metadata"]["name"]: one["spec"]["replicas"] for one in operated.get("statefulsets")["items"]}
    assert replicas == STATEFUL_SETS


@pytest.mark.parametrize("name", ["prometheus-main", "prom-agent-edge"])
def test_prometheus_accepts_what_is_generated_and_scrapes_every_component(
    name: str, operated: Cluster, tmp_path: Path
) -> None:
    """A monitor that the operator rejects is left out of the configuration, with an event that nobody reads."""
    path = tmp_path / "prometheus.yaml"
    path.write_text(generated(operated, name, "prometheus.yaml.gz"), encoding="utf-8")
    kind = ["--agent"] if name.startswith("prom-agent") else []
    check("promtool", "check", "config", "--syntax-only", *kind, str(path))
    jobs = {job["job_name"] for job in yaml.safe_load(path.read_text(encoding="utf-8"))["scrape_configs"]}
    assert jobs == {job for one in applied() for job in expected_jobs(one)}
    assert len(jobs) >= 25


def expected_jobs(body: dict[str, Any]) -> list[str]:
    """The names that the operator gives to the scrape jobs of an object."""
    kind, metadata, spec = body["kind"], body["metadata"], body.get("spec", {})
    if "namespace" not in metadata:
        return []
    name = f"{kind[0].lower()}{kind[1:]}/{metadata['namespace']}/{metadata['name']}"
    if kind in ("Probe", "ScrapeConfig"):
        return [name]
    if kind not in ("ServiceMonitor", "PodMonitor"):
        return []
    return [f"{name}/{index}" for index, _ in enumerate(spec.get("endpoints") or spec["podMetricsEndpoints"])]


def test_every_rule_arrives_in_prometheus(operated: Cluster, tmp_path: Path) -> None:
    """The operator leaves out a rule object that it cannot parse."""
    maps = operated.get("configmaps")["items"]
    files = {key: text for one in maps if "rulefiles" in one["metadata"]["name"] for key, text in one["data"].items()}
    assert len(files) == len([one for one in applied() if one["kind"] == "PrometheusRule"])
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        check("promtool", "check", "rules", str(tmp_path / name))


@pytest.fixture(scope="module")
def alertmanager_file(operated: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("alertmanager") / "alertmanager.yaml"
    path.write_text(generated(operated, "alertmanager-main-generated", "alertmanager.yaml.gz"), encoding="utf-8")
    return path


def test_alertmanager_accepts_what_is_generated(alertmanager_file: Path) -> None:
    check("amtool", "check-config", str(alertmanager_file))


@pytest.mark.parametrize(("labels", "expected"), PEOPLE)
def test_an_alert_reaches_its_receivers(labels: dict[str, str], expected: list[str], alertmanager_file: Path) -> None:
    """The operator prefixes receivers with the object's name; the tree must survive that."""
    asked = [f"{name}={value}" for name, value in labels.items()]
    found = check("amtool", "config", "routes", "test", f"--config.file={alertmanager_file}", *asked)
    # Production's file names nobody's WeCom.
    wanted = [name for name in expected if name != "sre-team-wecom"]
    assert [name.rpartition("/")[2] for name in found.strip().split(",")] == wanted


def test_no_object_is_rejected(operated: Cluster) -> None:
    events: list[dict[str, Any]] = operated.get("events", "--all-namespaces")["items"]
    rejected = [json.dumps(one["message"]) for one in events if one.get("reason") == "InvalidConfiguration"]
    assert rejected == []
