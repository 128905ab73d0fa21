"""Two sandboxes are a fleet: its status, and roll-outs that stop, are killed, go on, and are taken back."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox import Sandbox
from tests.sandbox.cluster import Cluster
from tests.sandbox.project import Project

STACK, NAMESPACE, SERVICE = "qa", "astrbot", "auth-service"
REGIONS = {"eu": "eu-central-1", "us": "us-east-1"}
FILE = """\
config:
  saas-platform:tier: dev
  saas-platform:domain: qa.example.com
  saas-platform:cluster: {kind: fleet}
  saas-platform:fleet:
    clusters:
      - name: eu  # the first to get what is new
        context: sandbox-eu
        region: eu-central-1
      - {name: us, context: sandbox-us, region: us-east-1}
  saas-platform:systems: {astrbot: {}}
"""


class TwoClusters(Project):
    """The program with an environment whose clusters are two sandboxes."""

    @property
    def sandboxes(self) -> dict[str, Sandbox]:
        return {name: Sandbox(name, state=self.state / "sandbox") for name in REGIONS}

    def at(self, name: str) -> Cluster:
        return Cluster(self.sandboxes[name], NAMESPACE)

    @property
    def file(self) -> Path:
        return self.root / f"Pulumi.{STACK}.yaml"

    def versions(self) -> dict[str, Any]:
        """What the file says of each cluster."""
        clusters = yaml.safe_load(self.file.read_text())["config"]["saas-platform:fleet"]["clusters"]
        return {one["name"]: one.get("versions", {}).get("astrbot") for one in clusters}

    def bring_up(self, name: str) -> None:
        self.sandboxes[name].up(nodes=1, zones=1)
        self.succeed("up", "-s", f"{STACK}.{name}")

    def running(self) -> dict[str, str]:
        """The version of a service in each cluster."""
        return {name: _version(self.at(name).get(f"deployment/{SERVICE}")) for name in REGIONS}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoClusters]:
    """Both clusters with the environment in them."""
    if shutil.which("go") is None:
        pytest.skip("Go is not installed, so no control plane can be built")
    made = TwoClusters(tmp_path_factory.mktemp("state")).copy(tmp_path_factory.mktemp("program") / "saas-platform")
    fleet = TwoClusters(made.state, made.root)
    fleet.file.write_text(FILE)
    try:
        kubectl = next(iter(fleet.sandboxes.values())).kubectl
        fleet.variables["PATH"] = f"{kubectl.parent}:{fleet._environment()['PATH']}"
        fleet.variables["KUBECONFIG"] = ":".join(str(one.kubeconfig) for one in fleet.sandboxes.values())
        with ThreadPoolExecutor() as threads:
            list(threads.map(fleet.bring_up, REGIONS))
        yield fleet
    finally:
        for sandbox in fleet.sandboxes.values():
            sandbox.reset()


def _version(deployment: dict[str, Any]) -> str:
    image: str = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    return image.rpartition(":")[2]


def _rows(printed: str) -> dict[str, dict[str, Any]]:
    return {row["cluster"]: row for row in json.loads(printed)}


def test_the_status_tells_of_every_cluster_and_of_what_was_changed_by_hand(fleet: TwoClusters) -> None:
    """What nobody looks at drifts."""
    patch = json.dumps({"data": {"LOG_LEVEL": "TRACE"}})
    fleet.at("us").run("patch", "configmap", "saas-platform-config", "--type=merge", "-p", patch)
    fleet.at("us").run("delete", "service", SERVICE)
    rows = _rows(fleet.succeed("fleet", "status", "-s", STACK, "--output", "json"))
    assert {name: row["region"] for name, row in rows.items()} == REGIONS
    for row in rows.values():
        assert (row["nodes_ready"], row["nodes"], row["healthy"], row["problem"]) == (1, 1, True, None)
        assert row["version"].startswith("v1.")
        assert 0 < row["usage"]["cpu_used"] < row["usage"]["cpu_allocatable"] == 16
        health = row["systems"][NAMESPACE]
        assert health["available"] == health["total"] >= 8
    assert rows["eu"]["drift"] == {"missing": 0, "changed": 0, "undeclared": 0}
    assert rows["us"]["drift"] == {"missing": 1, "changed": 1, "undeclared": 0}


def test_an_upgrade_stops_at_the_first_unhealthy_cluster_and_says_how_to_go_on_or_back(fleet: TwoClusters) -> None:
    """The rest of the fleet keeps what works. Nothing but the system changes, whatever else was done by hand."""
    eu, us = fleet.at("eu"), fleet.at("us")
    eu.run("patch", "priorityclass", "platform-qa-default", "--type=merge", "-p", '{"description": "by hand"}')
    eu.apply(*_refuse_pods_of("1.1.0"))
    done = fleet.ops("fleet", "upgrade", NAMESPACE, "--version", "1.1.0", "-s", STACK, "--timeout", "20")
    assert done.returncode == 1, done.stdout
    assert "stopped at eu" in done.stderr and "no 1.1.0 today" in done.stderr, done.stderr
    assert "fleet upgrade astrbot -s qa --version 1.1.0" in done.stderr
    assert "fleet rollback astrbot -s qa" in done.stderr
    assert fleet.versions() == {"eu": {"version": "1.1.0", "before": "1.0.0", "pending": True}, "us": None}
    assert fleet.running() == {"eu": "1.1.0", "us": "1.0.0"}
    row = _rows(fleet.ops("fleet", "status", "-s", STACK, "-o", "json").stdout)["eu"]
    assert row["healthy"] is False and row["versions"] == {"astrbot": "1.1.0 (unfinished)"}
    assert eu.get("priorityclass/platform-qa-default")["description"] == "by hand", "that is not the system's"
    assert us.get("configmap/saas-platform-config")["data"]["LOG_LEVEL"] == "TRACE", "us was not touched"


def test_mended_and_killed_in_the_second_cluster_it_goes_on_from_there(fleet: TwoClusters) -> None:
    """The file knows what each cluster is to have, whatever becomes of the command."""
    _permit_pods_again(fleet.at("eu"))
    upgrade = ("fleet", "upgrade", NAMESPACE, "--version", "1.1.0", "-s", STACK)
    fleet.kill_during(*upgrade, after=1.5, once=lambda: fleet.versions()["us"] is not None)
    before = {"version": "1.1.0", "before": "1.0.0"}
    assert fleet.versions() == {"eu": before, "us": {**before, "pending": True}}
    printed = fleet.succeed(*upgrade)
    assert "eu has 1.1.0 already, and all of it is available" in printed
    assert fleet.versions() == {"eu": before, "us": before}
    assert fleet.running() == {"eu": "1.1.0", "us": "1.1.0"}
    assert "# the first to get what is new" in fleet.file.read_text()


def test_a_cluster_out_of_reach_is_a_row_and_keeps_all_others_from_being_changed(
    fleet: TwoClusters, tmp_path: Path
) -> None:
    """Half of a roll-out that could have been known to fail."""
    gone = tmp_path / "us"
    kubeconfig = fleet.sandboxes["us"].kubeconfig.read_text()
    gone.write_text(re.sub(r"https://127\.0\.0\.1:\d+", "https://127.0.0.1:1", kubeconfig))
    cut = TwoClusters(fleet.state, fleet.root, dict(fleet.variables))
    cut.variables["KUBECONFIG"] = f"{fleet.sandboxes['eu'].kubeconfig}:{gone}"
    status = cut.ops("fleet", "status", "-s", STACK)
    assert status.returncode == 1
    assert re.search(r"^us +us-east-1 +unreachable", status.stdout, re.MULTILINE), status.stdout
    assert "us: context sandbox-us cannot be reached" in status.stdout
    before = fleet.file.read_bytes()
    done = cut.ops("fleet", "rollback", NAMESPACE, "-s", STACK)
    assert done.returncode == 1
    line = 1 + next(number for number, text in enumerate(before.decode().splitlines()) if "sandbox-us" in text)
    assert f"Pulumi.qa.yaml:{line}: fleet.clusters[1].context: context sandbox-us cannot be reached" in done.stderr
    assert fleet.file.read_bytes() == before and fleet.running() == {"eu": "1.1.0", "us": "1.1.0"}


def test_a_rollback_returns_every_cluster_to_the_version_before_the_last_one_first(fleet: TwoClusters) -> None:
    """And leaves nothing in the file that the systems' own version does not say."""
    printed = fleet.succeed("fleet", "rollback", NAMESPACE, "-s", STACK)
    assert printed.index("us (1 of 2)") < printed.index("eu (2 of 2)")
    assert fleet.running() == {"eu": "1.0.0", "us": "1.0.0"}
    assert fleet.versions() == {"eu": None, "us": None}
    again = fleet.ops("fleet", "rollback", NAMESPACE, "-s", STACK)
    assert (again.returncode, "no version before" in again.stderr) == (1, True), again.stderr


def _refuse_pods_of(version: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Pods of the service are refused at that version, so that its Deployment never becomes available."""
    api = "admissionregistration.k8s.io/v1"
    rules = [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]
    image = f"object.spec.containers.exists(one, one.image.endsWith('/{SERVICE}:{version}'))"
    policy = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": rules},
        "validations": [{"expression": f"!{image}", "message": f"no {version} today"}],
    }
    name = {"name": "refuse"}
    binding = {"policyName": "refuse", "validationActions": ["Deny"]}
    return (
        {"apiVersion": api, "kind": "ValidatingAdmissionPolicy", "metadata": name, "spec": policy},
        {"apiVersion": api, "kind": "ValidatingAdmissionPolicyBinding", "metadata": name, "spec": binding},
    )


def _permit_pods_again(cluster: Cluster) -> None:
    cluster.run("delete", "validatingadmissionpolicy,validatingadmissionpolicybinding", "refuse")
