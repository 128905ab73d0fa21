"""Whether the nodes of an environment hold its pods, also with one and with a zone of them lost."""

from __future__ import annotations

from typing import Any

import pytest

from components.stores.postgres.archiver import archiver
from graph.model import Graph, Resource
from ops.capacity import Case, cases, report
from ops.preflight.capacity import uncounted
from policy.facts.demand import demand
from policy.facts.values import quantity
from stacks.schema.eks_tiers import EKS_TIERS
from stacks.schema.tiers import TIERS
from tests.unit.examples.summary import recorded_example
from tests.unit.recordings import objects, recorded
from tests.unit.scratch import Scratch

ALL_SYSTEMS = "astrbot: {tenants: [{name: acme}]}, orders: {}, multicluster: {}, federated_risk: {}, cloudlens: {}"
EKS = """\
config:
  saas-platform:tier: %s
  saas-platform:domain: shop.example.com
  saas-platform:cluster:
    kind: eks
    account: "123456789012"
    region: eu-central-1
    administrators: [arn:aws:iam::123456789012:role/platform]
    %s
  saas-platform:secret_store: {name: platform, path: saas-platform/shop}
  saas-platform:systems: {%s}
"""


def body(kind: str, *, cpu: str = "1", replicas: int = 1, claims: bool = False, **spec: Any) -> dict[str, Any]:
    container = {"name": "main", "resources": {"requests": {"cpu": cpu, "memory": "1Gi"}}}
    template = {"spec": {"containers": [container]}}
    volumes = {"volumeClaimTemplates": [{"metadata": {"name": "data"}}]} if claims else {}
    metadata = {"name": f"{kind.lower()}-{cpu}", "namespace": "shop"}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": metadata,
        "spec": {"replicas": replicas, "template": template, **volumes, **spec},
    }


def graph_of(*bodies: dict[str, Any], nodes: int = 3, zones: int = 3, cpu: str = "8", tier: str = "prod") -> Graph:
    resources = [
        Resource(urn=f"urn:{index}", type="kubernetes:any:K", name="", parent=None, custom=True, inputs=one)
        for index, one in enumerate(bodies)
    ]
    pool = {"nodes": nodes, "most": nodes, "open": True, "cpu": cpu, "memory": "64Gi"}
    return Graph(
        "trial",
        tuple(resources),
        {"tier": tier, "capacity": {"zones": zones}, "node_pools": [pool], "prometheus_url": ""},
    )


def by_name(graph: Graph) -> dict[str, Case]:
    return {one.name: one for one in cases(graph, demand(graph.objects))}


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_what_must_stay_up_fits_with_a_node_and_with_a_zone_lost(stack: str) -> None:
    """At 75 of 80 cores a node that is lost takes pods along for good."""
    found = by_name(recorded(stack))
    assert list(found) == ["requested", "with one node lost", "with one zone lost"]
    assert [one.homeless for one in found.values() if one.homeless] == []


@pytest.mark.parametrize("tier", ["staging", "prod"])
def test_the_node_groups_of_a_tier_hold_every_system_with_a_zone_lost(scratch: Scratch, tier: str) -> None:
    """Ten nodes of four cores each were promised for 70."""
    graph = scratch.record(EKS % (tier, "public_access: [203.0.113.0/24]", ALL_SYSTEMS))
    assert [str(one) for one in cases(graph, demand(graph.objects)) if not one.fits] == []


def test_nodes_that_are_too_few_are_told_with_what_finds_no_place_and_what_to_do(scratch: Scratch) -> None:
    """The scheduler would say so of each pod by itself, in the middle of the deployment."""
    group = "node_groups: {general: {instance_types: [m6i.xlarge], minimum: 10, desired: 10, maximum: 30}}"
    graph = scratch.record(EKS % ("prod", group, ALL_SYSTEMS))
    assert report(graph).too_small
    text = list(report(graph).lines)
    assert "of 39.2 cores" in text[0] and "no place for" in text[0]
    assert "cluster.node_groups" in text[-1]


def test_a_lost_node_that_was_its_zone_takes_the_volumes_of_the_zone_along() -> None:
    """Pods wait for their volume's zone; all others must find a place elsewhere."""
    bound = body("StatefulSet", cpu="4", replicas=3, claims=True)
    moving = body("StatefulSet", cpu="4", replicas=3)
    assert not report(graph_of(bound, nodes=3, cpu="9")).too_small, "two of three stay, and the third waits"
    assert report(graph_of(bound, moving, nodes=3, cpu="9")).too_small, (
        "three that move and two that stay need 20 of 18 cores"
    )


def test_a_pod_needs_its_place_on_one_node() -> None:
    """Sums alone would put it on the halves of two."""
    case = by_name(graph_of(body("Deployment", cpu="6", replicas=3), nodes=4, zones=4, cpu="8"))
    assert case["with one node lost"].fits
    tall = by_name(graph_of(body("Deployment", cpu="6", replicas=4), nodes=4, zones=4, cpu="8"))
    assert not tall["with one node lost"].fits and tall["with one node lost"].wanted.cpu < 32


def test_development_is_asked_for_nothing_but_to_fit() -> None:
    graph = graph_of(body("Deployment", cpu="6"), nodes=1, zones=1, tier="dev")
    assert list(by_name(graph)) == ["requested"] and not report(graph).too_small


def test_a_node_group_that_pods_are_kept_from_counts_for_none() -> None:
    graph = graph_of(body("Deployment", cpu="1"), tier="dev")
    graph.outputs["node_pools"][0]["open"] = False
    assert report(graph).too_small


def test_all_pods_of_the_environments_are_counted_with_their_sidecars() -> None:
    """prod: 71 cores; of PostgreSQL the archiver, of Redis and Prometheus the exporter and the reloaders too."""
    found = {one.title: one for one in demand(recorded("prod").objects)}
    assert found["Cluster astrbot/postgresql-cluster"].request.cpu == pytest.approx(
        2 + archiver(1).cpu_request.amount / 1000
    )
    assert found["RedisCluster astrbot/redis-cluster follower"].request.cpu == pytest.approx(0.55)
    assert found["Prometheus monitoring/main"].request.cpu == pytest.approx(2.11)
    assert 70 < sum(one.usual * one.request.cpu for one in found.values()) < 72


def test_another_groups_kind_of_the_same_name_has_no_pods_here() -> None:
    """Cluster API has Clusters too, and its machines are no pods."""
    (postgresql,) = objects(recorded("dev"), "Cluster")[:1]
    assert len(demand([postgresql])) == 1
    assert demand([{**postgresql, "apiVersion": "cluster.x-k8s.io/v1beta1"}]) == []


def test_more_nodes_than_the_quotas_know_are_told_before_a_node_is_without_its_exporter() -> None:
    graph = graph_of(body("DaemonSet"), nodes=3)
    assert list(uncounted(3, graph)) == []
    (said,) = uncounted(25, graph)
    assert "25 nodes" in said and "maximum_nodes: 25" in said and "Pulumi.trial.yaml" in said
    assert list(uncounted(25, graph_of(body("Deployment"), nodes=3))) == []


def test_the_most_nodes_of_a_tier_are_those_of_its_node_groups() -> None:
    """A cluster that is there already may grow as one that is made; the quotas of both go by the same figure."""
    for name, tier in EKS_TIERS.items():
        assert TIERS[name].maximum_nodes == sum(group["maximum"] for group in tier.node_groups.values())
        assert TIERS[name].maximum_nodes >= TIERS[name].nodes


def short_quotas(graph: Graph) -> list[str]:
    """Namespaces whose pods do not all fit, every autoscaler at its maximum and in the middle of an update."""
    nodes = sum(pool["most"] for pool in graph.outputs["node_pools"])
    quotas = {body["metadata"]["namespace"]: body["spec"]["hard"] for body in objects(graph, "ResourceQuota")}
    wanted = {namespace: [0.0, 0.0, 0.0] for namespace in quotas}
    for one in demand(graph.objects):
        many = nodes if one.everywhere else one.most
        for index, amount in enumerate((1, one.request.cpu, one.request.memory)):
            wanted[one.namespace][index] += many * amount
    return [
        f"{namespace}: {key}"
        for namespace, hard in quotas.items()
        for amount, key in zip(wanted[namespace], ("pods", "requests.cpu", "requests.memory"), strict=True)
        if amount > (quantity(hard[key]) or 0) + 1e-6
    ]


def test_every_namespace_has_room_for_all_of_its_pods_at_their_largest(graph: Graph) -> None:
    """A quota that knows ten nodes leaves fifteen of thirty without their exporter."""
    assert short_quotas(graph) == []


@pytest.mark.parametrize("most", [30, 200])
def test_a_cluster_that_is_made_with_the_environment_has_room_on_all_of_its_nodes(scratch: Scratch, most: int) -> None:
    """Node groups say how far it may grow, and the quotas follow."""
    group = f"node_groups: {{general: {{instance_types: [m6i.4xlarge], minimum: 9, desired: 9, maximum: {most}}}}}"
    assert short_quotas(scratch.record(EKS % ("prod", group, ALL_SYSTEMS))) == []


@pytest.mark.parametrize("stack", ["eks", "mesh"])
def test_the_examples_have_room_for_their_pods_at_their_largest(stack: str) -> None:
    """With a proxy beside each container, and a second version while one is released."""
    assert short_quotas(recorded_example(stack)) == []
