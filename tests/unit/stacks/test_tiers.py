"""The environment matrix of the AstrBot document, section 2.1."""

from __future__ import annotations

import pytest

from graph.model import Graph
from policy.engine.evaluation import evaluate
from stacks.schema.tiers import TIERS
from stacks.schema.types import TierName
from tests.unit.recordings import in_the_cluster, objects, one, settings_of, with_systems
from tests.unit.scratch import Scratch, as_text

SCRATCH = """\
config:
  saas-platform:tier: {tier}
  saas-platform:domain: example.com
  saas-platform:cluster: {{kind: sandbox}}
  saas-platform:secret_store: {{name: platform, path: scratch}}
  saas-platform:systems:
    astrbot:
      tenants: [{{name: acme}}]
"""


@pytest.mark.parametrize(
    ("tier", "nodes", "monitoring"),
    [("dev", 1, "basic"), ("test", 2, "full"), ("staging", 3, "production"), ("prod", 8, "comprehensive")],
)
def test_a_tier_has_the_nodes_and_monitoring_of_the_matrix(tier: TierName, nodes: int, monitoring: str) -> None:
    """A tier that drifted from the document would promise tests on another scale than they run on.

    Of prod it says five and more.
    """
    row = TIERS[tier]
    assert (row.nodes, row.monitoring) == (nodes, monitoring)


def test_the_tier_that_no_environment_has_can_be_recorded_and_satisfies_the_policies(scratch: Scratch) -> None:
    """No environment of the repository is of tier test: its profile would break without anybody seeing it."""
    graph = scratch.record(SCRATCH.format(tier="test"))
    assert graph.outputs["capacity"]["nodes"] == TIERS["test"].nodes
    assert [finding.message for finding in evaluate(graph) if finding.blocks] == []


def test_tiers_grow_from_dev_to_prod() -> None:
    """A staging smaller than test would validate nothing."""
    rows = [TIERS["dev"], TIERS["test"], TIERS["staging"], TIERS["prod"]]
    figures = (
        [row.nodes for row in rows],
        [row.zones for row in rows],
        [row.autoscaling_maximum for row in rows],
        [row.request_ratio for row in rows],
        [row.database.instances for row in rows],
        [row.database.storage.amount for row in rows],
        [row.cache.shards for row in rows],
        [row.object_storage.servers for row in rows],
    )
    for series in figures:
        assert series == sorted(series)


def test_an_environments_capacity_is_that_of_its_tier(graph: Graph) -> None:
    """The sandbox is made with these nodes: with fewer, pods that must spread over zones stay Pending."""
    tier = TIERS[settings_of(graph.stack)["tier"]]
    assert graph.outputs["tier"] == settings_of(graph.stack)["tier"]
    assert graph.outputs["capacity"] == {
        "nodes": tier.nodes,
        "zones": tier.zones,
        "cpu": str(tier.node_cpu),
        "memory": str(tier.node_memory),
    }


def test_production_data_is_protected_and_kept(graph: Graph) -> None:
    """One `pulumi destroy` on the wrong stack must not take the data along."""
    protects = TIERS[settings_of(graph.stack)["tier"]].protect_data
    for kind in ("Cluster", "StatefulSet"):
        for resource in (found for found in graph if found.is_kubernetes_object and found.object_name[0] == kind):
            flags = {name for name in ("protect", "retain_on_delete") if resource.options.get(name)}
            # Monitoring's have scratch data of what lies in the bucket, or series that age in any case; of what Alloy
            # keeps, how far it has read, nothing is worth keeping.
            lasting = resource.inputs["metadata"]["namespace"] != "monitoring" and resource.name != "telemetry-alloy"
            wanted = {"protect", "retain_on_delete"} if protects and lasting else set()
            assert flags == wanted, f"{graph.stack}: {kind} {resource.name} has {flags or 'no flags'}"


def test_instances_of_the_database_refuse_to_share_a_zone_where_the_tier_says_so(graph: Graph) -> None:
    """Three instances in one zone are one failure away from none."""
    required = TIERS[settings_of(graph.stack)["tier"]].zones_required
    affinity = one(graph, "Cluster", "postgresql-cluster")["spec"]["affinity"]
    assert affinity["enablePodAntiAffinity"] is True
    assert affinity["topologyKey"] == "topology.kubernetes.io/zone"
    assert affinity["podAntiAffinityType"] == ("required" if required else "preferred")


def test_services_spread_over_zones_as_strictly_as_the_tier_says(graph: Graph) -> None:
    """`DoNotSchedule` on one node blocks development; `ScheduleAnyway` in production lets a zone take all replicas."""
    strict = TIERS[settings_of(graph.stack)["tier"]].zones_required
    # Grafana is one pod, which no zone can take a share of.
    services = [one for one in objects(graph, "Deployment") if one["metadata"]["namespace"] == "astrbot"]
    for deployment in services:
        zone, host = deployment["spec"]["template"]["spec"]["topologySpreadConstraints"]
        assert zone["topologyKey"] == "topology.kubernetes.io/zone"
        assert zone["whenUnsatisfiable"] == ("DoNotSchedule" if strict else "ScheduleAnyway")
        assert host["whenUnsatisfiable"] == "ScheduleAnyway", "a drained node would leave pods Pending"


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_the_servers_of_minio_spread_over_zones_as_strictly_as_the_tier_says(scratch: Scratch, stack: str) -> None:
    """Three of four servers in the zone that is lost take every file along."""
    strict = TIERS[settings_of(stack)["tier"]].zones_required
    document = in_the_cluster(with_systems(stack, telemetry=False, monitoring="basic", astrbot={}))
    graph = scratch.record(as_text(document))
    zone, _ = one(graph, "StatefulSet", "minio")["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert zone["whenUnsatisfiable"] == ("DoNotSchedule" if strict else "ScheduleAnyway")


def test_an_override_changes_just_what_it_names(scratch: Scratch) -> None:
    """One that replaced its whole section would bring back defaults that nobody asked for."""
    overrides = "{nodes: 4, node_cpu: 0.5, database: {instances: 2}}"
    graph = scratch.record(SCRATCH.format(tier="dev") + f"  saas-platform:overrides: {overrides}\n")
    assert graph.outputs["capacity"] == {"nodes": 4, "zones": 1, "cpu": "500m", "memory": "64Gi"}
    spec = one(graph, "Cluster", "postgresql-cluster")["spec"]
    assert (spec["instances"], spec["storage"]["size"]) == (2, "10Gi")
