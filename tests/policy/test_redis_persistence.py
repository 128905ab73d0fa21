"""The rule `redis-persistence`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_OBJECT_VALUE

from policy.rules.redis import redis_persistence
from tests.policy.objects import Props
from tests.policy.rule_tests import RuleTests, Table, kubernetes_object

_CLAIM = {"spec": {"storageClassName": "fast", "resources": {"requests": {"storage": "10Gi"}}}}

_STORAGE = {"volumeClaimTemplate": _CLAIM, "nodeConfVolume": True, "nodeConfVolumeClaimTemplate": _CLAIM}


def redis(kind: str = "RedisCluster", **spec: object) -> Props:
    usual = {
        "persistenceEnabled": True,
        "kubernetesConfig": {
            "image": "docker.io/library/redis:8.2.9",
            "redisSecret": {"name": "redis", "key": "password"},
        },
        "storage": {"volumeClaimTemplate": _CLAIM},
    }
    if kind == "RedisCluster":
        usual["storage"] = _STORAGE
    return kubernetes_object("redis.redis.opstreelabs.in/v1beta2", kind, spec={**usual, **spec})


class TestRedisPersistence(RuleTests):
    table = Table(
        rule=redis_persistence,
        compliant={"a cluster": redis(), "a single one": redis("Redis", persistenceEnabled=None)},
        violations={
            **{
                kind: (
                    redis(kind, storage=None),
                    f"{kind} shop/api: spec.storage.volumeClaimTemplate is missing; give it a volume",
                )
                for kind in ("Redis", "RedisCluster")
            },
            "a volume that is not used": (
                redis(persistenceEnabled=False),
                "RedisCluster shop/api: spec.persistenceEnabled is not true; set it to true",
            ),
            "nodes.conf on no volume": (
                redis(storage={"volumeClaimTemplate": _CLAIM}),
                "RedisCluster shop/api: spec.storage.nodeConfVolume is not true; set it to true",
            ),
            "nodes.conf on a volume without a size": (
                redis(storage={"volumeClaimTemplate": _CLAIM, "nodeConfVolume": True}),
                "RedisCluster shop/api: spec.storage.nodeConfVolumeClaimTemplate is missing; "
                "say how large the volume is",
            ),
        },
        unknown={"the storage": redis(storage=UNKNOWN_OBJECT_VALUE)},
    )
