"""Redis of every environment is configured from the memory that it has."""

from __future__ import annotations

from components.quantity import Bytes
from graph.model import Graph
from tests.unit.recordings import one


def test_the_limit_of_its_memory_stays_below_that_of_its_container(graph: Graph) -> None:
    """Without one Redis grows until the kernel kills it, with everything that it has not written yet."""
    spec = one(graph, "RedisCluster", "redis-cluster")["spec"]
    for role in ("redisLeader", "redisFollower"):
        data = one(graph, "ConfigMap", spec[role]["redisConfig"]["additionalRedisConfig"])["data"]
        settings = dict(line.split(" ", 1) for line in data["redis-additional.conf"].splitlines())
        limit = Bytes.parse(spec["kubernetesConfig"]["resources"]["limits"]["memory"]).amount
        assert 0.6 * limit < int(settings["maxmemory"]) < 0.8 * limit
        assert settings["maxmemory-policy"] == "volatile-ttl", "sessions without an end must stay"
