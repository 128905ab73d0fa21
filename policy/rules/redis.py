"""Redis as its operator runs it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from components.stores.redis.kinds import CLUSTER, SINGLE
from policy.engine.model import About, Level, RuleConfig, Severity, Violation, pci, resource_rule
from policy.engine.subject import Subject
from policy.facts.images import images
from policy.facts.values import at, text

_KINDS = (CLUSTER, SINGLE)
_SERVER_IMAGE = "spec.kubernetesConfig.image"


@resource_rule(
    About(
        name="redis-persistence",
        title="Redis keeps its data",
        description=(
            "A Redis has a volume and writes to it: else each restart forgets sessions and queued messages. A cluster "
            "has a second one for nodes.conf: without it a node that restarts knows no longer who it is, and once "
            "both of a shard have, its keys are out of reach."
        ),
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        remediation=(
            "Set spec.storage.volumeClaimTemplate.",
            "For a RedisCluster set persistenceEnabled to true as well.",
            "For a RedisCluster set storage.nodeConfVolume to true, with storage.nodeConfVolumeClaimTemplate.",
        ),
    ),
    applies_to=_KINDS,
    config=RuleConfig,
)
def redis_persistence(redis: Subject, config: RuleConfig) -> Iterator[Violation]:
    """A Redis that has no volume, or does not use it, and a cluster that forgets its slots."""
    storage = at(redis.props, "spec", "storage")
    if not at(storage, "volumeClaimTemplate"):
        yield Violation(field="spec.storage.volumeClaimTemplate", problem="is missing", fix="give it a volume")
    if redis.object_type != CLUSTER:
        return
    if at(redis.props, "spec", "persistenceEnabled") is not True:
        yield Violation(field="spec.persistenceEnabled", problem="is not true", fix="set it to true")
    if storage and at(storage, "nodeConfVolume") is not True:
        yield Violation(field="spec.storage.nodeConfVolume", problem="is not true", fix="set it to true")
    elif storage and not at(storage, "nodeConfVolumeClaimTemplate"):
        field = "spec.storage.nodeConfVolumeClaimTemplate"
        yield Violation(field=field, problem="is missing", fix="say how large the volume is")


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


class RedisVersionConfig(RuleConfig):
    """`mended`: of each line that its project mends, the first release without a known way to run code on the server.

    https://endoflife.date/redis; those of 17 August 2026. Lines after the last are taken to be mended.
    """

    mended: tuple[str, ...] = ("7.2.16", "7.4.11", "8.2.9", "8.4.6", "8.6.6", "8.8.2", "8.10.1")


@resource_rule(
    About(
        name="redis-version",
        title="Redis is of a line that is mended",
        description=(
            "Redis' image is of a line that its project mends, and not older than its last mend of an attack: whoever "
            "may write keys could otherwise run code on the server (CVE-2025-49844 and those after it)."
        ),
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        frameworks=(pci("6.3.3"),),
        remediation=("Name a release of a line that is mended in spec.kubernetesConfig.image.",),
    ),
    applies_to=_KINDS,
    config=RedisVersionConfig,
)
def redis_version(redis: Subject, config: RedisVersionConfig) -> Iterator[Violation]:
    """An image of Redis that is too old. Of other servers that speak its protocol nothing is known here."""
    mended = sorted(_release(one) for one in config.mended)
    for image in images(redis):
        found = _release(image.tag)
        if image.field != _SERVER_IMAGE or not image.repository.endswith("/redis") or not found:
            continue
        least = next((one for one in mended if one[:2] == found[:2]), None)
        if found < (least or mended[-1]):
            named = ".".join(str(part) for part in least or mended[-1])
            problem = f"is {image.tag}, which is not mended any more"
            yield Violation(field=_SERVER_IMAGE, problem=problem, fix=f"use {named} or newer")


def _release(tag: str) -> tuple[int, ...]:
    """The three numbers of a release, or nothing of another tag: the rule `image-tag` judges those."""
    found = re.match(r"v?(\d+)\.(\d+)\.(\d+)", tag)
    return tuple(int(part) for part in found.groups()) if found else ()
