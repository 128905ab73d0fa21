"""The rule `redis-version`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.redis import redis_version
from tests.policy.objects import Props, having
from tests.policy.rule_tests import RuleTests, Table
from tests.policy.test_redis_persistence import redis

_IMAGE = "spec.kubernetesConfig.image"


def of(image: str, kind: str = "RedisCluster") -> Props:
    return having(redis(kind), _IMAGE, image)


def _message(kind: str, tag: str, instead: str) -> str:
    return f"{kind} shop/api: {_IMAGE} is {tag}, which is not mended any more; use {instead} or newer"


class TestRedisVersion(RuleTests):
    table = Table(
        rule=redis_version,
        compliant={
            "the first that is mended": of("docker.io/library/redis:7.2.16"),
            "a later one of its line": of("quay.io/opstree/redis:v8.2.11", "Redis"),
            "a line to come": of("docker.io/library/redis:9.0.0-alpine"),
            "another server, with numbers of its own": of("docker.io/valkey/valkey:7.2.14"),
            "a digest": of(f"docker.io/library/redis@sha256:{'0' * 64}"),
        },
        violations={
            "a line that has ended": (
                of("quay.io/opstree/redis:v7.0.15"),
                _message("RedisCluster", "v7.0.15", "8.10.1"),
            ),
            "a line between those that are mended": (
                of("docker.io/library/redis:8.0.6", "Redis"),
                _message("Redis", "8.0.6", "8.10.1"),
            ),
            "before the mend of its line": (
                of("docker.io/library/redis:8.2.1"),
                _message("RedisCluster", "8.2.1", "8.2.9"),
            ),
        },
        unknown={"the image": of(UNKNOWN_STRING_VALUE)},
    )
