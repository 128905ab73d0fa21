"""The rule `redis-password`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.redis import redis_password
from tests.policy.objects import having, without
from tests.policy.rule_tests import RuleTests, Table
from tests.policy.test_redis_persistence import redis

_FIELD = "spec.kubernetesConfig.redisSecret"
_FIX = "name the Secret and the key with the password"


class TestRedisPassword(RuleTests):
    table = Table(
        rule=redis_password,
        compliant={"a cluster": redis(), "a single one": redis("Redis")},
        violations={
            "none": (
                without(redis(), _FIELD),
                f"RedisCluster shop/api: {_FIELD}.name is missing; {_FIX}",
                f"RedisCluster shop/api: {_FIELD}.key is missing; {_FIX}",
            ),
            "no key": (without(redis("Redis"), f"{_FIELD}.key"), f"Redis shop/api: {_FIELD}.key is missing; {_FIX}"),
        },
        unknown={"the name": having(redis(), f"{_FIELD}.name", UNKNOWN_STRING_VALUE)},
    )
