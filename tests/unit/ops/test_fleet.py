"""`ops fleet` against clusters in memory: what it looks at, in which order it changes what, and what it lets be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

import ops.fleet.environment
import ops.fleet.rollout
from graph.manifests import manifests
from ops.clusters import Cluster
from ops.errors import OperationError
from ops.live.lookup import system_of
from tests.unit.commands import Outcome
from tests.unit.commands import ops as run
from tests.unit.fake_cluster import FakeKubectl
from tests.unit.scratch import STACK, Scratch

NAMES = ("eu", "us", "ap")
# The smallest of the systems: each step records it anew for each cluster.
SYSTEM, SERVICE = "cloudlens", "cloudlens-backend"
FIRST, NEXT = "2.1.0", "2.2.0"
FILE = f"""\
# Three regions.
config:
  saas-platform:tier: dev
  saas-platform:domain: example.com
  saas-platform:cluster: {{kind: fleet}}
  saas-platform:fleet:
    clusters:
      - {{name: eu, context: eu, region: eu-central-1}}
      - {{name: us, context: us, region: us-east-1}}  # the large one
      - {{name: ap, context: ap, region: ap-south-1}}
  saas-platform:systems: {{{SYSTEM}: {{}}}}
"""
NODE = {
    "status": {
        "allocatable": {"cpu": "3920m", "memory": "8Gi"},
        "conditions": [{"type": "Ready", "status": "True"}],
    }
}


@dataclass
class Clusters:
    """The clusters by name, and the environment's file."""

    fakes: dict[str, FakeKubectl]
    file: Path
    scratch: Scratch
    deployments: list[str] = field(default_factory=list)
    refusing: set[str] = field(default_factory=set)

    def versions(self) -> dict[str, Any]:
        clusters = yaml.safe_load(self.file.read_text())["config"]["saas-platform:fleet"]["clusters"]
        return {one["name"]: one.get("versions", {}).get(SYSTEM) for one in clusters}

    def running(self) -> list[str]:
        found = [fake.state.objects["Deployment", SYSTEM, SERVICE] for fake in self.fakes.values()]
        return [one["spec"]["template"]["spec"]["containers"][0]["image"].rpartition(":")[2] for one in found]

    def applied(self, name: str) -> int:
        return self.deployments.count(name)

    def deploy(self, stack: str, _context: str | None, _timeout: int, *, brief: bool, system: str) -> int:
        """What `up` makes of it, once a deployment has ended: the real one is tried on real clusters."""
        name = stack.partition(".")[2]
        assert brief
        self.deployments.append(name)
        if name in self.refusing:
            raise OperationError(f'Deployment "{SERVICE}" is invalid: spec: Required value')
        declared = [one for one in manifests(self.scratch.recorded(stack)) if system_of(one.body) == system]
        self.fakes[name].store(*declared)
        return 0


@pytest.fixture
def clusters(scratch: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clusters]:
    """Three clusters without anything in them."""
    fakes = {name: FakeKubectl(context=name) for name in NAMES}
    for name, fake in fakes.items():
        fake.state.raw["/api/v1/namespaces/kube-system"] = {"metadata": {"uid": f"uid-of-{name}"}}
        fake.state.raw["/version"] = {"gitVersion": "v1.35.4"}
        fake.state.raw["/api/v1/nodes"] = {"items": [NODE, NODE]}
        fake.state.raw["/apis/metrics.k8s.io/v1beta1/nodes"] = {
            "items": [{"usage": {"cpu": "1250000000n", "memory": "1048576Ki"}}]
        }
    made = Clusters(fakes, tmp_path / f"Pulumi.{STACK}.yaml", scratch)
    monkeypatch.setattr(ops.fleet.rollout, "up", made.deploy)
    monkeypatch.setattr(ops.fleet.environment, "record", scratch.recorded)
    monkeypatch.setattr(Cluster, "kubectl", lambda cluster: fakes[str(cluster.context)])
    scratch.write(FILE)
    yield made


@pytest.fixture
def fleet(clusters: Clusters) -> Clusters:
    """The environment is in all of them."""
    for name, fake in clusters.fakes.items():
        fake.store(*manifests(clusters.scratch.recorded(f"{STACK}.{name}")))
    return clusters


def fleet_command(*arguments: str) -> Outcome:
    return run("fleet", *arguments, "-s", STACK)


def upgrade(*more: str) -> Outcome:
    return fleet_command("upgrade", SYSTEM, "--version", NEXT, *more)


def test_an_upgrade_reaches_every_cluster_and_its_versions_stand_in_the_file(fleet: Clusters) -> None:
    """Comments stay: the file is people's."""
    outcome = upgrade()
    assert outcome.status == 0, outcome
    assert fleet.running() == [NEXT] * 3
    assert fleet.versions() == {name: {"version": NEXT, "before": FIRST} for name in NAMES}
    assert "# Three regions." in fleet.file.read_text() and "# the large one" in fleet.file.read_text()


def test_it_stops_at_the_first_unhealthy_cluster_and_the_next_ones_are_not_touched(fleet: Clusters) -> None:
    """A version that breaks one cluster must not reach the others."""
    fleet.refusing.add("us")
    before = fleet.applied("ap")
    outcome = upgrade()
    assert outcome.status == 1
    assert "stopped at us" in outcome.err and f'Deployment "{SERVICE}" is invalid' in outcome.err
    assert f"python -m ops fleet upgrade {SYSTEM} -s {STACK} --version {NEXT}" in outcome.err
    assert f"python -m ops fleet rollback {SYSTEM} -s {STACK}" in outcome.err
    assert [line.split() for line in outcome.out.splitlines()[-3:]] == [
        ["eu", NEXT, FIRST, "done"],
        ["us", NEXT, FIRST, "failed"],
        ["ap", FIRST, "not", "touched"],
    ]
    assert (fleet.running(), fleet.applied("ap")) == ([NEXT, FIRST, FIRST], before)
    pending = {"version": NEXT, "before": FIRST, "pending": True}
    assert fleet.versions() == {"eu": {"version": NEXT, "before": FIRST}, "us": pending, "ap": None}


def test_after_a_stop_it_goes_on_or_back(fleet: Clusters) -> None:
    """Both need nothing but the file."""
    fleet.refusing.add("us")
    assert upgrade().status == 1
    fleet.refusing.clear()
    assert upgrade().status == 0
    assert fleet.running() == [NEXT] * 3
    outcome = fleet_command("rollback", SYSTEM)
    assert outcome.status == 0
    assert [outcome.out.index(f"{name} (") for name in ("ap", "us", "eu")] == sorted(
        outcome.out.index(f"{name} (") for name in NAMES
    ), "the last one first"
    assert fleet.running() == [FIRST] * 3
    assert fleet.versions() == dict.fromkeys(NAMES), "the file says no more than the system's own version"


def test_a_rollback_takes_back_only_what_was_reached(fleet: Clusters) -> None:
    """The other clusters never had another version."""
    fleet.refusing.add("us")
    assert upgrade().status == 1
    fleet.refusing.clear()
    before = fleet.applied("ap")
    assert fleet_command("rollback", SYSTEM).status == 0
    assert (fleet.running(), fleet.applied("ap")) == ([FIRST] * 3, before)
    again = fleet_command("rollback", SYSTEM)
    assert (again.status, "no version before" in again.err) == (1, True)


@pytest.mark.parametrize("command", [("upgrade", SYSTEM, "--version", NEXT), ("rollback", SYSTEM)])
def test_killed_in_the_middle_the_same_command_goes_on(
    fleet: Clusters, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    """What was begun in a cluster stands in the file before the cluster is touched."""
    assert upgrade().status == 0 if command[0] == "rollback" else True
    wanted = NEXT if command[0] == "upgrade" else FIRST

    def killed(*_arguments: Any, **_options: Any) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ops.fleet.rollout, "up", killed)
        assert fleet_command(*command).status == 130
    begun = [one for one in fleet.versions().values() if one and one.get("pending")]
    assert [one["version"] for one in begun] == [wanted]
    assert fleet_command(*command).status == 0
    assert fleet.running() == [wanted] * 3
    assert [one for one in fleet.versions().values() if one and one.get("pending")] == []


def test_a_cluster_that_has_the_version_is_looked_at_and_mended_only_if_it_needs_it(fleet: Clusters) -> None:
    """Going on must not cost what was done before, and must not pass by what broke since."""
    assert upgrade("--clusters", "eu,us").status == 0
    before = fleet.applied("us")
    del fleet.fakes["eu"].state.objects["Deployment", SYSTEM, SERVICE]
    outcome = upgrade()
    assert outcome.status == 0
    assert f"us has {NEXT} already, and all of it is available" in outcome.out
    assert fleet.applied("us") == before
    assert fleet.fakes["eu"].state.objects["Deployment", SYSTEM, SERVICE]["status"] != {}


def test_some_clusters_can_be_named_and_come_in_the_order_of_the_file(fleet: Clusters) -> None:
    """The order is a decision of the file, and not of whoever types."""
    outcome = upgrade("--clusters", "ap, eu")
    assert outcome.status == 0
    assert outcome.out.index("eu (1 of 2)") < outcome.out.index("ap (2 of 2)")
    assert fleet.running() == [NEXT, FIRST, NEXT]


def test_a_deployment_brings_the_declared_version_to_every_cluster(fleet: Clusters) -> None:
    """After a change of the file."""
    fleet.file.write_text(fleet.file.read_text().replace(f"{SYSTEM}: {{}}", f"{SYSTEM}: {{version: 2.3.0}}"))
    assert fleet_command("deploy", SYSTEM).status == 0
    assert fleet.running() == ["2.3.0"] * 3


REFUSED = {
    "a cluster that there is not": (("deploy", SYSTEM, "--clusters", "eu,mars"), "mars: no such cluster"),
    "a system that there is not": (("deploy", "shop"), f"no system 'shop'; there are: {SYSTEM}"),
    "no version": (("upgrade", SYSTEM, "--version", "latest"), "not 'latest'"),
}


@pytest.mark.parametrize(("arguments", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_meant_is_refused_before_any_cluster_is_asked(
    clusters: Clusters, arguments: tuple[str, ...], said: str
) -> None:
    """Nothing has been changed then."""
    outcome = fleet_command(*arguments)
    assert outcome.status in (1, 2)
    assert said in outcome.err
    assert [fake.state.calls for fake in clusters.fakes.values()] == [[], [], []]


def test_an_unreachable_cluster_keeps_all_from_being_changed_and_is_named_with_its_line(fleet: Clusters) -> None:
    """Half of a roll-out that could have been known to fail is worse than none."""
    fleet.fakes["us"].state.unreachable = True
    before = fleet.file.read_bytes()
    outcome = upgrade()
    assert outcome.status == 1
    assert f"Pulumi.{STACK}.yaml:9: fleet.clusters[1].context: context gone cannot be reached" in outcome.err
    assert (fleet.file.read_bytes(), fleet.fakes["eu"].state.calls[-1][1]) == (before, "--raw")


def test_two_contexts_of_one_cluster_are_refused(fleet: Clusters) -> None:
    """The first would be judged healthy by what the second just did to it."""
    fleet.fakes["ap"].state.raw |= fleet.fakes["eu"].state.raw
    outcome = upgrade()
    assert outcome.status == 1
    assert f"Pulumi.{STACK}.yaml:10: fleet.clusters[2].context: ap is the same cluster as eu" in outcome.err


def test_a_cluster_without_the_platform_is_told_how_to_get_it(clusters: Clusters) -> None:
    """A system alone would wait for classes and stores that nobody makes."""
    outcome = fleet_command("deploy", SYSTEM)
    assert outcome.status == 1
    assert f"python -m ops up -s {STACK}.eu" in outcome.err
    assert clusters.fakes["eu"].state.objects == {}


def test_a_context_of_the_user_for_all_clusters_is_refused(clusters: Clusters, monkeypatch: pytest.MonkeyPatch) -> None:
    """It wins over the file, so that every cluster would be that one."""
    monkeypatch.setenv("SAAS_PLATFORM_CONTEXT", "mine")
    outcome = fleet_command("status")
    assert (outcome.status, "SAAS_PLATFORM_CONTEXT is set" in outcome.err) == (1, True)


def test_an_environment_with_one_cluster_has_no_fleet(scratch: Scratch) -> None:
    """Not a KeyError."""
    scratch.write(
        FILE.partition("  saas-platform:fleet")[0].replace("fleet", "sandbox") + "  saas-platform:systems: {}\n"
    )
    outcome = fleet_command("status")
    assert (outcome.status, "has no 'fleet'" in outcome.err) == (1, True)


def test_the_status_has_a_row_for_each_cluster_also_for_one_out_of_reach(fleet: Clusters) -> None:
    """What is missing from a list is not missed."""
    fleet.fakes["ap"].state.unreachable = True
    outcome = fleet_command("status", "--output", "json")
    assert outcome.status == 1
    rows = {row["cluster"]: row for row in json.loads(outcome.out)}
    assert list(rows) == list(NAMES)
    assert (rows["ap"]["version"], rows["ap"]["healthy"]) == (None, False)
    assert "cannot be reached" in rows["ap"]["problem"]
    assert rows["eu"]["usage"] == {
        "cpu_used": 1.25,
        "cpu_allocatable": 7.84,
        "memory_used": 2**30,
        "memory_allocatable": 2**34,
        "source": "metrics",
    }
    assert (rows["eu"]["nodes_ready"], rows["eu"]["nodes"], rows["eu"]["healthy"]) == (2, 2, True)
    text = fleet_command("status").out
    assert "1.2/7.8" in text and "1.0/16.0 GiB" in text and "unreachable" in text


def test_the_status_counts_what_is_missing_changed_and_no_longer_declared(fleet: Clusters) -> None:
    """Drift is found before the next deployment overwrites it."""
    objects = fleet.fakes["us"].state.objects
    del objects["Service", SYSTEM, SERVICE]
    settings = objects["ConfigMap", SYSTEM, f"{SYSTEM}-config"]
    objects["ConfigMap", SYSTEM, f"{SYSTEM}-config"] = {**settings, "data": {"LOG_LEVEL": "TRACE"}}
    strange = {**settings, "metadata": {**settings["metadata"], "name": "left-behind"}}
    objects["ConfigMap", SYSTEM, "left-behind"] = strange
    before = dict(objects)
    outcome = fleet_command("status", "-o", "json")
    assert outcome.status == 0, "it still works"
    drift = {row["cluster"]: row["drift"] for row in json.loads(outcome.out)}
    none = {"missing": 0, "changed": 0, "undeclared": 0}
    assert drift == {"eu": none, "us": {"missing": 1, "changed": 1, "undeclared": 1}, "ap": none}
    assert objects == before, "looking changes nothing"


def test_a_workload_that_is_not_available_and_a_node_that_is_not_ready_make_the_status_fail(fleet: Clusters) -> None:
    """A pipeline asks for nothing else."""
    assert fleet_command("status").status == 0
    fleet.fakes["eu"].state.objects["Deployment", SYSTEM, SERVICE]["status"] = {}
    outcome = fleet_command("status", "-o", "json")
    assert outcome.status == 1
    health = json.loads(outcome.out)[0]["systems"][SYSTEM]
    assert health["available"] == health["total"] - 1
    assert upgrade().status == 0
    fleet.fakes["us"].state.raw["/api/v1/nodes"] = {"items": [NODE, {"status": {}}]}
    outcome = fleet_command("status", "-o", "json")
    assert (outcome.status, json.loads(outcome.out)[1]["nodes_ready"]) == (1, 1)


def test_a_clusters_database_is_not_moved_by_itself(fleet: Clusters) -> None:
    """The steps stand in the file once, so that every cluster would take them."""
    outcome = run("rotate", "database-password", "-s", f"{STACK}.eu")
    assert (outcome.status, "all clusters of its fleet" in outcome.err) == (1, True)
