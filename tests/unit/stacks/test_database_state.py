"""A database over time: restored clusters, the hand-over of a password, and the pair of two regions."""

from __future__ import annotations

import base64
import itertools
import re
import textwrap

import pytest

from components.stores.postgres.args import DatabaseArgs
from graph.model import Graph, revealed
from graph.record import record
from policy.engine.evaluation import evaluate
from stacks.schema.database import Rotation
from tests.unit.recordings import Body, container, environment_of, objects, one, planted
from tests.unit.scratch import STACK, Scratch

ENVIRONMENT = """
config:
  saas-platform:tier: {tier}
  saas-platform:domain: scratch.example.com
  saas-platform:cluster:
    kind: sandbox
  saas-platform:overrides:
    external_secrets: false
    monitoring: basic
    database: {{recovery_point: null, expected_data: 1Gi, wal_per_day: 256Mi}}
  saas-platform:systems:
    astrbot:
      database:
"""
RESTORED = """
active: {active}
restored:
  - name: postgresql-cluster-r1
    source: postgresql-cluster
    to: "2026-01-31T12:00:00+01:00"
"""
PAIR = """
replication:
  local: europe
  other: america
  primary: {primary}
  bucket: saas-platform-backups-america
"""


def environment(state: str, tier: str = "dev") -> str:
    return ENVIRONMENT.format(tier=tier) + textwrap.indent(state, " " * 8)


def spec(graph: Graph, name: str, kind: str = "Cluster") -> Body:
    body: Body = one(graph, kind, name)["spec"]
    return body


def settings(graph: Graph) -> Body:
    body: Body = one(graph, "ConfigMap", "saas-platform-config")["data"]
    return body


def rotated(scratch: Scratch, phase: str) -> Graph:
    """The environment in a phase of a hand-over, with passwords that a test knows."""
    scratch.write(environment(f"rotation: {{number: 1, phase: {phase}}}"))
    return record(STACK, planted)


def password_in_use(graph: Graph) -> str:
    bundle = one(graph, "Secret", "saas-platform-secrets")["data"]
    return base64.b64decode(revealed(bundle)["DB_PASSWORD"]).decode()


def steps(count: int) -> list[Rotation]:
    found = [Rotation()]
    for _ in range(count):
        found.append(found[-1].next())
    return found


@pytest.mark.parametrize("tier", ["dev", "staging", "prod"])
def test_a_restored_cluster_stands_beside_the_old_one_and_nothing_uses_it(scratch: Scratch, tier: str) -> None:
    """It is looked at first; whatever is wrong with it is no concern of the running platform."""
    graph = scratch.record(environment(RESTORED.format(active="postgresql-cluster"), tier))
    before = scratch.record(environment("{}", tier))
    recovery = spec(graph, "postgresql-cluster-r1")["bootstrap"]["recovery"]
    assert recovery["recoveryTarget"] == {"targetTime": "2026-01-31T11:00:00Z"}
    (source,) = spec(graph, "postgresql-cluster-r1")["externalClusters"]
    assert source["name"] == recovery["source"] == "postgresql-cluster"
    # Its backups lie below the old cluster's name, in a store that is its own: the old one's may be gone one day.
    parameters = {"barmanObjectName": "postgresql-cluster-r1", "serverName": "postgresql-cluster"}
    assert source["plugin"]["parameters"] == parameters
    assert spec(graph, "postgresql-cluster") == spec(before, "postgresql-cluster")
    assert settings(graph) == settings(before)
    assert not [finding for finding in evaluate(graph) if finding.blocks]


def test_the_switch_moves_applications_dump_and_alerts_to_the_restored_cluster(scratch: Scratch) -> None:
    """A dump of the old one, or two alerts for one failure, would be found out on the next bad day."""
    graph = scratch.record(environment(RESTORED.format(active="postgresql-cluster-r1")))
    assert settings(graph)["DB_HOST"].startswith("postgresql-cluster-r1-pooler-rw.")
    dump = one(graph, "CronJob", "postgresql-backup")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert environment_of(dump["containers"][0])["PGHOST"]["value"].startswith("postgresql-cluster-r1-rw.")
    rules = [body["metadata"]["name"] for body in objects(graph, "PrometheusRule")]
    assert "postgresql-cluster-r1" in rules and "postgresql-cluster" not in rules
    assert one(graph, "Cluster", "postgresql-cluster"), "the way back"


def test_the_old_cluster_can_go_and_the_logins_stay(scratch: Scratch) -> None:
    """The restored cluster has the same users; their Secrets belong to neither cluster."""
    graph = scratch.record(environment("keep_original: false" + RESTORED.format(active="postgresql-cluster-r1")))
    assert [body["metadata"]["name"] for body in objects(graph, "Cluster")] == ["postgresql-cluster-r1"]
    for name in ("postgresql-secret", "postgresql-secret-b"):
        assert one(graph, "Secret", name)["type"] == "kubernetes.io/basic-auth"


def test_both_clusters_fit_the_quota(scratch: Scratch) -> None:
    """A restore that the quota refuses is found out in the middle of the night."""
    before, after = (
        next(
            body["spec"]["hard"]
            for body in objects(scratch.record(environment(state)), "ResourceQuota")
            if body["metadata"]["namespace"] == "astrbot"
        )
        for state in ("{}", RESTORED.format(active="postgresql-cluster"))
    )
    assert int(after["persistentvolumeclaims"]) > int(before["persistentvolumeclaims"])


def test_a_hand_over_never_changes_the_password_of_the_user_in_use() -> None:
    """Over three whole hand-overs: what applications hold stays valid until they hold something else."""
    found = steps(9)
    for before, after in itertools.pairwise(found):
        changed = {user for user in (0, 1) if before.generation(user) != after.generation(user)}
        if before.active != after.active:
            assert changed == set(), "both passwords are known before and after the switch"
        else:
            assert changed == {1 - after.active}
    assert [one.active for one in found] == [0, 0, 1, 1, 1, 0, 0, 0, 1, 1]


def test_no_password_ever_comes_back() -> None:
    """Rotated because it leaked, it must open nothing any more."""
    for user in (0, 1):
        generations = [one.generation(user) for one in steps(12)]
        runs = [one for index, one in enumerate(generations) if index == 0 or one != generations[index - 1]]
        assert len(runs) == len(set(runs)), runs


def test_the_switch_gives_the_applications_the_other_user_and_its_password(scratch: Scratch) -> None:
    """User and password of different users open nothing."""
    prepared, switched = rotated(scratch, "prepare"), rotated(scratch, "switch")
    assert settings(prepared)["DB_USER"] == "saas_platform"
    assert settings(switched)["DB_USER"] == "saas_platform_b"
    assert password_in_use(prepared) == "PlantedAstrbotcredentialspostgresqlpasswordPassword"
    assert password_in_use(switched) == "PlantedAstrbotcredentialspostgresqlpasswordbr1Password"
    pods = [one(graph, "Deployment", "tenant-service")["spec"]["template"] for graph in (prepared, switched)]
    assert pods[0]["metadata"]["annotations"] != pods[1]["metadata"]["annotations"], "no pod would be replaced"
    assert container(switched, "tenant-service")


@pytest.mark.parametrize(("primary", "writes"), [("europe", True), ("america", False)])
def test_of_a_pair_only_the_primary_is_migrated(scratch: Scratch, primary: str, writes: bool) -> None:
    """A replica takes no write: a migration there would fail every deployment."""
    graph = scratch.record(environment(PAIR.format(primary=primary), "prod"))
    cluster = spec(graph, "postgresql-cluster")
    assert cluster["replica"] == {"self": "europe", "primary": primary, "source": "america"}
    assert {one["name"] for one in cluster["externalClusters"]} == {"europe", "america"}
    assert ("initdb" in cluster["bootstrap"]) == writes
    assert bool([body for body in objects(graph, "Job") if "migration" in body["metadata"]["name"]]) == writes
    assert bool(objects(graph, "Database")) == writes
    destination = spec(graph, "america", "ObjectStore")["configuration"]["destinationPath"]
    assert destination == "s3://saas-platform-backups-america/base"
    assert not [finding for finding in evaluate(graph) if finding.blocks]


def test_the_token_of_a_demotion_is_handed_to_the_operator(scratch: Scratch) -> None:
    """With it the operator proves that nothing that the old primary confirmed is missing."""
    graph = scratch.record(environment(PAIR.format(primary="europe") + "  token: abc\n", "prod"))
    assert spec(graph, "postgresql-cluster")["replica"]["promotionToken"] == "abc"


MISTAKES = {
    "active: elsewhere": r"'elsewhere' is no cluster of this database; allowed: postgresql-cluster$",
    "keep_original: false": r"'postgresql-cluster' is no cluster of this database; allowed: none",
    "restored: [{name: a, source: b, to: yesterday}]": r"'yesterday' is not a time: write it as 2026",
    "restored: [{name: a, source: b, to: '2026-01-31T12:00:00'}]": r"has no time zone",
    "restored: [{name: postgresql-cluster, source: b, to: '2026-01-31T12:00:00Z'}]": r"is the original cluster",
    "restored: [{name: a, source: b, to: '2026-01-31T12:00:00Z'}, {name: a, source: b, to: '2026-01-31T12:00:00Z'}]": (
        r"twice"
    ),
    "rotation: {number: -1}": r"must be at least 0",
    "rotation: {phase: half}": r"prepare",
    "replication: {local: a, other: a, primary: b, bucket: c}": r"'a' is this cluster itself",
    "replication: {local: a, other: b, primary: c, bucket: d}": r"'c' is neither 'a' \(local\) nor 'b' \(other\)",
}


@pytest.mark.parametrize("state", MISTAKES)
def test_a_state_that_cannot_be_is_refused_with_its_place(scratch: Scratch, state: str) -> None:
    """Written by a command, and edited by hand at three in the morning."""
    problems = scratch.problems(environment(state))
    assert [one for one in problems if re.search(MISTAKES[state], one.message)], problems
    assert all(one.line for one in problems)
    assert scratch.registered == []


def test_a_cluster_without_a_pair_writes() -> None:
    """The default of every environment."""
    assert DatabaseArgs.__dataclass_fields__["replication"].default is None
