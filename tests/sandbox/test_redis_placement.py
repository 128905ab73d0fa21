"""Where the real scheduler puts the pods of a Redis cluster, told what the custom resource says.

The operator does not run: its StatefulSets are made here, with its labels and whatever it passes on to their pods.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.sandbox.cluster import Cluster, pod_template, thing
from tests.unit.recordings import one, recorded

ZONE = "topology.kubernetes.io/zone"


def stateful_set(spec: dict[str, Any], role: str) -> dict[str, Any]:
    name, part = f"redis-cluster-{role}", spec[f"redis{role.title()}"]
    labels = {"app": name, "role": role, "cluster": "redis-cluster", "redis_setup_type": "cluster"}
    passed_on = {key: part[key] for key in ("affinity", "topologySpreadConstraints") if key in part}
    return thing(
        "apps/v1",
        "StatefulSet",
        name,
        spec={
            "replicas": part["replicas"],
            "serviceName": f"{name}-headless",
            "selector": {"matchLabels": {"app": name, "role": role}},
            "template": pod_template(labels, **passed_on),
        },
    )


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_no_zone_takes_a_shard_or_the_majority_of_the_leaders_along(cluster: Cluster, stack: str) -> None:
    """Rules that contradict each other leave a pod Pending; rules that miss let a leader and its follower meet."""
    spec = one(recorded(stack), "RedisCluster", "redis-cluster")["spec"]
    # As the operator does it: followers once the leaders are there.
    for role in ("leader", "follower"):
        made = stateful_set(dict(spec), role)
        cluster.apply(made)
        wanted = made["spec"]["replicas"]
        name = made["metadata"]["name"]
        cluster.wait(role, lambda found: found["status"].get("readyReplicas") == wanted, "statefulset", name)  # noqa: B023
    zones = {node["metadata"]["name"]: node["metadata"]["labels"][ZONE] for node in cluster.get("nodes")["items"]}
    places = {pod["metadata"]["name"]: zones[pod["spec"]["nodeName"]] for pod in cluster.get("pods")["items"]}
    shards = spec["clusterSize"]
    assert len(places) == 2 * shards
    for number in range(shards):
        leader, follower = (places[f"redis-cluster-{role}-{number}"] for role in ("leader", "follower"))
        assert leader != follower, f"shard {number} is in {leader} alone: {places}"
    leaders = Counter(places[f"redis-cluster-leader-{number}"] for number in range(shards))
    assert max(leaders.values()) < shards / 2, f"{leaders}: whoever is left elects nobody"
