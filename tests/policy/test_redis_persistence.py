"""The rule `redis-persistence`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_OBJECT_VALUE

from policy.rules.databases import redis_persistence
from tests.policy.objects import Props
from tests.policy.rule_tests import RuleTests, Table, kubernetes_object

_CLAIM = {"spec": {"storageClassName": "fast", "resources": {"requests": {"storage": "10Gi"}}}}


def redis(kind: str = "RedisCluster", **spec: object) -> Props:
    usual = {
        "persistenceEnabled": True,
        "kubernetesConfig": {
            "image": "quay.io/opstree/redis:v7.0.15",
            "redisSecret": {"name": "redis", "key": "password"},
        },
        "storage": {"volumeClaimTemplate": _CLAIM},
    }
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
        },
        unknown={"the storage": redis(storage=UNKNOWN_OBJECT_VALUE)},
    )
