"""The real CloudNativePG and its Barman Cloud plugin, in the versions that are deployed, take production whole.

What runs in pods does not: tests/sandbox/instance_manager.py answers for the instance managers.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from graph.model import Graph
from sandbox import Sandbox, SandboxError
from stacks.schema.tiers import TIERS
from tests.sandbox import applied, operators
from tests.sandbox.cluster import Cluster
from tests.sandbox.instance_manager import InstanceManagers, instance_managers
from tests.unit.examples.summary import STACKS, recorded_example
from tests.unit.recordings import recorded
from versions import BACKUP_OBJECT_STORE, BARMAN_CLOUD_PLUGIN, POSTGRESQL_CLUSTER

GROUPS = (POSTGRESQL_CLUSTER.group, BACKUP_OBJECT_STORE.group)
# One of the clusters of each example: those of a fleet are alike, and Argo CD's own has no database.
EXAMPLES = [stacks[-1] for stacks in STACKS.values()]
HEALTHY = "Cluster in healthy state"
# What the API server says of an object that it does not take, wherever somebody passes it on.
REFUSALS = ("forbidden", "denied", "exceeded quota", "violates PodSecurity", "is invalid")
# What passes by itself: a Role that the plugin has just made and its cache does not have, and a machine that is busy.
PASSING = ('-barman-cloud" not found', "context deadline exceeded", "timed out", "the object has been modified")
Body = Mapping[str, Any]


@dataclass
class Operated:
    """Production on a sandbox where the operator and its plugin run; `logs` of both."""

    sandbox: Sandbox
    cluster: Cluster
    managers: InstanceManagers
    logs: tuple[Path, ...]

    def all(self, kind: str, *options: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.cluster.get(kind, "--all-namespaces", *options)["items"]
        return found

    def unhealthy(self) -> dict[str, str]:
        """What is not well of the databases, by where: empty when all are."""
        clusters = {
            f"{one['metadata']['namespace']} Cluster": one.get("status", {}).get("phase", "")
            for one in self.all("clusters.postgresql.cnpg.io")
            if one.get("status", {}).get("phase") != HEALTHY
            or one["status"]["readyInstances"] != one["spec"]["instances"]
        }
        poolers = {
            f"{one['metadata']['namespace']} {one['metadata']['name']}": str(one.get("status", {}).get("instances", 0))
            for one in self.all("poolers.postgresql.cnpg.io")
            if one.get("status", {}).get("instances") != one["spec"]["instances"]
        }
        return {**clusters, **poolers}


@pytest.fixture(scope="module")
def operated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operated]:
    """A sandbox of its own, of production's size, with production's systems that have databases, which are well."""
    if shutil.which("go") is None:
        pytest.skip("Go is not installed, so no control plane can be built")
    folder, tier = tmp_path_factory.mktemp("cloudnative-pg"), TIERS["prod"]
    crds = operators.definitions(folder / "definitions", "cloudnative-pg", "plugin-barman-cloud")
    sandbox = Sandbox("cloudnative-pg", state=folder / "state")
    logs = (folder / "operator.log", folder / "plugin.log")
    # The path of a socket may have a hundred characters.
    with tempfile.TemporaryDirectory(prefix="cnpg-i-") as sockets:
        try:
            sandbox.up(nodes=tier.nodes, zones=tier.zones, crds=crds, operated=GROUPS)
            with (
                operators.barman_cloud(sandbox, Path(sockets), logs[1]),
                operators.cloudnative_pg(sandbox, folder / "operator", Path(sockets), logs[0]),
                instance_managers(sandbox, folder / "certificates") as managers,
            ):
                for batch in applied.batches(with_databases(applied.bodies(recorded("prod")))):
                    applied.apply(sandbox, batch)
                made = Operated(sandbox, Cluster(sandbox, "default"), managers, logs)
                applied.eventually(made.unhealthy, 240)
                yield made
        finally:
            sandbox.reset()


def with_databases(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of the objects those of namespaces with a database, whole, and those of no namespace."""
    spaces = {one["metadata"]["namespace"] for one in found if one["kind"] == "Cluster"}
    named = [one for one in found if one["kind"] != "Namespace" or one["metadata"]["name"] in spaces]
    return [one for one in named if one["metadata"].get("namespace") in (*spaces, None)]


def own(graph: Graph) -> list[dict[str, Any]]:
    """The objects of an environment that the operator and its plugin read."""
    return [one for one in applied.bodies(graph) if one["apiVersion"].partition("/")[0] in GROUPS]


def elsewhere(found: list[dict[str, Any]], prefix: str) -> list[dict[str, Any]]:
    """The same in other namespaces: a second environment beside production is no change of it."""
    return [
        {**one, "metadata": {**one["metadata"], "namespace": f"{prefix}-{one['metadata']['namespace']}"}}
        for one in found
    ]


@pytest.mark.parametrize("stack", ["dev", "test", "staging", *EXAMPLES])
def test_the_webhooks_admit_every_object_of_an_environment(stack: str, operated: Operated) -> None:
    """They refuse what the definitions allow: a schedule of five fields, a setting that is the operator's own."""
    found = elsewhere(own(recorded_example(stack) if stack in EXAMPLES else recorded(stack)), stack.replace(".", "-"))
    names = sorted({one["metadata"]["namespace"] for one in found})
    applied.apply(
        operated.sandbox, [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in names]
    )
    applied.apply(operated.sandbox, found, "--dry-run=server")


def test_the_webhooks_refuse_what_would_not_run(operated: Operated) -> None:
    """Else what is admitted above would say nothing."""
    [cluster, *_] = [one for one in elsewhere(own(recorded("prod")), "refused") if one["kind"] == "Cluster"]
    name = cluster["metadata"]["namespace"]
    applied.apply(operated.sandbox, [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}])
    cluster["spec"] = {**cluster["spec"], "storage": {"size": "much"}}
    with pytest.raises(SandboxError, match=r"spec\.storage\.size.*Size value isn't valid"):
        applied.apply(operated.sandbox, [cluster], "--dry-run=server")


def test_every_instance_and_pooler_of_production_becomes_ready(operated: Operated) -> None:
    declared = [one for one in own(recorded("prod")) if one["kind"] == "Cluster"]
    instances = {one["metadata"]["namespace"]: one["spec"]["instances"] for one in declared}
    pods = operated.all("pods", "--selector=cnpg.io/podRole=instance")
    assert Counter(one["metadata"]["namespace"] for one in pods) == instances
    assert operated.unhealthy() == {}
    assert operated.managers.failures == []


def test_nothing_that_the_operator_makes_is_refused(operated: Operated) -> None:
    """By our quota, limits, admission policies and Pod Security: it shows in events alone, and a replica stays away."""
    events = operated.all("events", "--field-selector=type=Warning")
    # No Service has endpoints where pods have loopback addresses: the sandbox's own affair.
    judged = [one for one in events if "endpoint" not in (one.get("source", {}).get("component") or "")]
    refused = [one["message"] for one in judged if any(words in one["message"] for words in REFUSALS)]
    assert refused == []
    # A backup is begun by a program in the pod, of which there is none; until there is a pod, it looks for one.
    allowed = {("Backup", "FindingPod"), ("Backup", "Failed"), ("Backup", "Error")}
    own_events = [one for one in events if (one.get("source", {}).get("component") or "").startswith("cloudnative-pg")]
    assert [one["message"] for one in own_events if (one["involvedObject"]["kind"], one["reason"]) not in allowed] == []


def test_neither_the_operator_nor_the_plugin_logs_an_error(operated: Operated) -> None:
    lines = [json.loads(line) for log in operated.logs for line in log.read_text().splitlines() if line.startswith("{")]
    assert len(lines) > 100
    errors = [one for one in lines if one["level"] in ("error", "warning") and one["msg"] != "executing backup"]
    assert [one for one in errors if not any(words in str(one.get("error")) for words in PASSING)] == []


def test_a_pod_of_a_database_has_what_its_cluster_says(operated: Operated) -> None:
    """What a `Cluster` says of its pods, the operator passes on in words of its own."""
    pods = operated.all("pods", "--selector=cnpg.io/podRole=instance")
    zones = {name: one["metadata"]["labels"]["topology.kubernetes.io/zone"] for name, one in nodes(operated).items()}
    for namespace in {one["metadata"]["namespace"] for one in pods}:
        mine = [one for one in pods if one["metadata"]["namespace"] == namespace]
        assert len({zones[one["spec"]["nodeName"]] for one in mine}) == len(mine), "required in zones of their own"
        for pod in mine:
            assert pod["metadata"]["labels"]["platform.io/system"] == namespace
            assert pod["spec"]["priorityClassName"] == "platform-prod-critical"
            assert pod["status"]["qosClass"] == "Guaranteed", "the last to be evicted, with its archiver"
            archiver = [one for one in pod["spec"]["initContainers"] if one["name"] == "plugin-barman-cloud"]
            assert [one["restartPolicy"] for one in archiver] == ["Always"]


def nodes(operated: Operated) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in operated.cluster.get("nodes")["items"]}


def test_every_pod_of_the_operator_has_a_network_policy_of_its_own(operated: Operated) -> None:
    """Under the default alone it reaches nobody: neither its API server nor its store of backups."""
    policies = [one for one in operated.all("networkpolicies") if one["spec"]["podSelector"]]
    pods = [one for one in operated.all("pods") if "cnpg.io/cluster" in one["metadata"].get("labels", {})]
    assert len(pods) >= 12
    alone = [
        (one["metadata"]["namespace"], one["metadata"]["name"])
        for one in pods
        if not any(selects(policy, one) for policy in policies)
    ]
    assert alone == []


def selects(policy: Body, pod: Body) -> bool:
    labels, selector = pod["metadata"]["labels"], policy["spec"]["podSelector"]
    if policy["metadata"]["namespace"] != pod["metadata"]["namespace"]:
        return False
    expressions = selector.get("matchExpressions", [])
    assert {one["operator"] for one in expressions} <= {"NotIn"}
    left_out = any(labels.get(one["key"]) in one["values"] for one in expressions)
    return selector.get("matchLabels", {}).items() <= labels.items() and not left_out


def test_a_scheduled_backup_is_given_to_the_plugin_and_asked_of_a_standby(operated: Operated) -> None:
    """`immediate: true` makes the first one as soon as the database is well; what it runs is in the pod."""
    applied.eventually(lambda: None if operated.all("backups.postgresql.cnpg.io") else "no backup")
    backups = operated.all("backups.postgresql.cnpg.io")
    plugins = {one["spec"]["pluginConfiguration"]["name"] for one in backups}
    assert (plugins, {one["spec"]["method"] for one in backups}) == ({BARMAN_CLOUD_PLUGIN}, {"plugin"})
    assert {one["spec"]["target"] for one in backups} == {"prefer-standby"}


def test_the_plugin_gives_the_pods_their_rights_on_their_own_store_alone(operated: Operated) -> None:
    roles = [
        one
        for one in operated.all("roles.rbac.authorization.k8s.io")
        if one["metadata"]["name"].endswith("-barman-cloud")
    ]
    assert len(roles) == len(operated.all("objectstores.barmancloud.cnpg.io"))
    secrets = [rule for role in roles for rule in role["rules"] if "secrets" in rule["resources"]]
    assert secrets and all(rule["resourceNames"] == ["postgresql-backup-secret"] for rule in secrets)
