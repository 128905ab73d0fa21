"""Real exporters with the arguments, files and rights that production gives them: do they tell what is read of them?

An argument that an exporter does not know ends it at its start; a metric that it does not tell is an alert that never
fires. Both look alike in a recording.
"""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.monitoring import catalogue
from sandbox import Sandbox, tools
from tests.sandbox.cluster import Cluster, pod_template, thing
from tests.sandbox.processes import answers, free_port, running, until
from tests.sandbox.sites import self_signed, served
from tests.unit.recordings import one, recorded

STATE, BLACKBOX = "kube-state-metrics", "blackbox-exporter"


@dataclass(frozen=True)
class Exporter:
    """A running exporter: the port of this machine behind each of its container's."""

    ports: Mapping[int, int]
    log: Path
    container: Mapping[str, Any]

    def url(self, port: str, path: str) -> str:
        """Where a path of a named port is."""
        (number,) = [each["containerPort"] for each in self.container["ports"] if each["name"] == port]
        return f"http://127.0.0.1:{self.ports[number]}{path}"

    def series(self, port: str, path: str) -> list[str]:
        """The lines of the Prometheus text format, without comments."""
        with urllib.request.urlopen(self.url(port, path), timeout=10) as answer:
            return [line for line in answer.read().decode().splitlines() if not line.startswith("#")]

    def ready(self) -> bool:
        """Whether the kubelet would have it serve, and would let it live."""
        probes = (self.container[f"{kind}Probe"]["httpGet"] for kind in ("readiness", "liveness"))
        return all(answers(self.url(probe["port"], probe["path"])) for probe in probes)


def names(series: list[str]) -> set[str]:
    return {re.split(r"[{ ]", line)[0] for line in series}


def declared(name: str) -> Mapping[str, Any]:
    """Production's container of an exporter."""
    (container,) = one(recorded("prod"), "Deployment", name)["spec"]["template"]["spec"]["containers"]
    return dict(container)


def arguments(container: Mapping[str, Any], ports: Mapping[int, int], folder: Path) -> list[str]:
    """Its own arguments, with ports and files of this machine."""
    found = [re.sub(r"^(--\S+=):?(\d+)$", lambda match: _local(match, ports), one) for one in container["args"]]
    return [re.sub(r"=/etc/[^/]+/", f"={folder}/", one) for one in found]


def _local(match: re.Match[str], ports: Mapping[int, int]) -> str:
    host = "127.0.0.1:" if ":" in match[0] else ""
    return f"{match[1]}{host}{ports[int(match[2])]}"


def start(name: str, folder: Path, *extra: str, **environment: str) -> Iterator[Exporter]:
    """The exporter of production's recording, until the test ends."""
    program, container = tools.ensure([name])[name], declared(name)
    ports = {each["containerPort"]: free_port() for each in container["ports"]}
    exporter = Exporter(ports, folder / "log", container)
    with running([str(program), *arguments(container, ports, folder), *extra], exporter.log, environment):
        until(f"{name} is ready", exporter.ready, exporter.log)
        yield exporter


@pytest.fixture
def state_metrics(cluster: Cluster, control_plane: Sandbox, tmp_path: Path) -> Iterator[Exporter]:
    """kube-state-metrics with the account and the rights that production declares, and no others."""
    graph = recorded("prod")
    roles = [one(graph, kind, f"monitoring-{STATE}") for kind in ("ClusterRole", "ClusterRoleBinding")]
    there = [one(graph, "Namespace", "monitoring"), one(graph, "ServiceAccount", STATE), *roles]
    monitoring = Cluster(control_plane, "monitoring")
    _let_it_go(monitoring)
    monitoring.apply(*(dict(body) for body in there))
    config = yaml.safe_load(control_plane.kubeconfig.read_text(encoding="utf-8"))
    config["users"] = [{**user, "user": {"token": _token(monitoring)}} for user in config["users"]]
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(config), encoding="utf-8")
    labels = {"app": "observed"}
    spec = {"selector": {"matchLabels": labels}, "template": pod_template(labels)}
    job = {"template": {"spec": {**spec["template"]["spec"], "restartPolicy": "Never"}}}
    nightly = {"schedule": "0 0 * * *", "jobTemplate": {"spec": job}}
    cluster.apply(
        thing("apps/v1", "Deployment", "observed", spec=spec),
        thing("apps/v1", "DaemonSet", "observed", spec=spec),
        thing("apps/v1", "StatefulSet", "observed", spec={**spec, "serviceName": "observed"}),
        thing("batch/v1", "Job", "observed", spec=job),
        thing("batch/v1", "CronJob", "observed", spec=nightly),
        thing("v1", "ResourceQuota", "observed", spec={"hard": {"pods": "100"}}),
    )
    cluster.wait("a pod", lambda found: found["status"].get("readyReplicas") == 1, "deployment", "observed")
    local = (f"--kubeconfig={tmp_path / 'kubeconfig'}", "--host=127.0.0.1", "--telemetry-host=127.0.0.1")
    yield from start(STATE, tmp_path, *local)
    monitoring.run("delete", "namespace", "monitoring", "--timeout=120s")


def _let_it_go(cluster: Cluster) -> None:
    """Another test on this control plane may just have deleted its namespace of the same name."""
    namespace = ("namespace", "monitoring")
    if cluster.run("get", *namespace, "--ignore-not-found", "-o", "jsonpath={.metadata.deletionTimestamp}").strip():
        cluster.run("wait", "--for=delete", *namespace, "--timeout=120s")


def _token(cluster: Cluster) -> str:
    return cluster.run("create", "token", STATE).strip()


# Told only of a CronJob that has run and of a Job that has failed (internal/store/cronjob.go and job.go, v2.20.0).
OF_RUNS = {
    "kube_cronjob_status_last_schedule_time",
    "kube_cronjob_status_last_successful_time",
    "kube_job_failed",
}


def test_kube_state_metrics_tells_what_the_catalogue_says_by_its_own_rights(state_metrics: Exporter) -> None:
    wanted = catalogue.SOURCES[STATE] - OF_RUNS

    def complete() -> bool:
        return wanted <= names(state_metrics.series("http-metrics", "/metrics"))

    until(f"all of {sorted(wanted)}", complete, state_metrics.log, seconds=60)
    assert "forbidden" not in state_metrics.log.read_text()


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Exporter, Mapping[str, str]]]:
    """The blackbox exporter with production's modules; sites that it trusts, that it does not, and by HTTP."""
    folder = tmp_path_factory.mktemp("blackbox")
    for name, text in one(recorded("prod"), "ConfigMap", BLACKBOX)["data"].items():
        (folder / name).write_text(text, encoding="utf-8")
    known, other = (self_signed(folder, name) for name in ("known", "other"))
    with served(known) as trusted, served(other) as untrusted, served() as plain:
        for exporter in start(BLACKBOX, folder, SSL_CERT_FILE=str(known.certificate)):
            yield exporter, {"trusted": trusted, "untrusted": untrusted, "plain": plain}


@pytest.mark.parametrize(
    ("module", "site", "path", "success"),
    [
        ("https", "trusted", "/200", True),
        ("https", "trusted", "/moved", True),
        ("https", "trusted", "/401", True),
        ("https", "trusted", "/404", True),
        ("https", "trusted", "/500", False),
        ("https", "untrusted", "/200", False),
        ("https", "plain", "/200", False),
        ("https_2xx", "trusted", "/200", True),
        ("https_2xx", "trusted", "/404", False),
    ],
)
def test_a_probe_says_whether_a_customer_is_served(
    module: str, site: str, path: str, success: bool, probed: tuple[Exporter, Mapping[str, str]]
) -> None:
    exporter, sites = probed
    found = exporter.series("http", f"/probe?module={module}&target={sites[site]}{path}")
    assert f"probe_success {int(success)}" in found


def test_a_probe_tells_what_the_catalogue_says(probed: tuple[Exporter, Mapping[str, str]]) -> None:
    exporter, sites = probed
    found = exporter.series("http", f"/probe?module=https&target={sites['trusted']}/200")
    assert catalogue.SOURCES[BLACKBOX] <= names(found)
