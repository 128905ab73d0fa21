"""Redis as the opstree operator runs it."""

from __future__ import annotations

from collections.abc import Iterator

from policy.frameworks import pci
from policy.model import About, Level, RuleConfig, Severity, Violation, resource_rule
from policy.subject import Subject
from policy.values import at, text

_CLUSTER = "redis.redis.opstreelabs.in/RedisCluster"
_KINDS = (_CLUSTER, "redis.redis.opstreelabs.in/Redis")


@resource_rule(
    About(
        name="redis-persistence",
        title="Redis keeps its data",
        description="A Redis has a volume and writes to it: else each restart forgets sessions and queued messages.",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        remediation=(
            "Set spec.storage.volumeClaimTemplate.",
            "For a RedisCluster set persistenceEnabled to true as well.",
        ),
    ),
    applies_to=_KINDS,
    config=RuleConfig,
)
def redis_persistence(redis: Subject, config: RuleConfig) -> Iterator[Violation]:
    """A Redis that has no volume, or does not use it."""
    if not at(redis.props, "spec", "storage", "volumeClaimTemplate"):
        yield Violation(field="spec.storage.volumeClaimTemplate", problem="is missing", fix="give it a volume")
    if redis.object_type == _CLUSTER and at(redis.props, "spec", "persistenceEnabled") is not True:
        yield Violation(field="spec.persistenceEnabled", problem="is not true", fix="set it to true")


@resource_rule(
    About(
        name="redis-password",
        title="Redis asks for a password",
        description="A Redis names the Secret with its password: without one whoever reaches it can do anything.",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        frameworks=(pci("8.3.1, 2.2.2"),),
        remediation=("Make a Secret and name it in spec.kubernetesConfig.redisSecret, with its key.",),
    ),
    applies_to=_KINDS,
    config=RuleConfig,
)
def redis_password(redis: Subject, config: RuleConfig) -> Iterator[Violation]:
    """A Redis that anybody may use."""
    for field in ("name", "key"):
        if not text(at(redis.props, "spec", "kubernetesConfig", "redisSecret", field)):
            path = f"spec.kubernetesConfig.redisSecret.{field}"
            yield Violation(field=path, problem="is missing", fix="name the Secret and the key with the password")
