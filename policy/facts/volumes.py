"""The persistent volumes that an object asks for, wherever it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policy.engine.subject import Subject
from policy.facts.inventory import listed
from policy.facts.values import at, mapping

_CLAIM_TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "monitoring.coreos.com/Alertmanager": ("spec", "storage", "volumeClaimTemplate"),
    "monitoring.coreos.com/Prometheus": ("spec", "storage", "volumeClaimTemplate"),
    "monitoring.coreos.com/PrometheusAgent": ("spec", "storage", "volumeClaimTemplate"),
    "monitoring.coreos.com/ThanosRuler": ("spec", "storage", "volumeClaimTemplate"),
    "redis.redis.opstreelabs.in/Redis": ("spec", "storage", "volumeClaimTemplate"),
    "redis.redis.opstreelabs.in/RedisCluster": ("spec", "storage", "volumeClaimTemplate"),
}
_CLAIM, _STATEFUL_SET = "core/PersistentVolumeClaim", "apps/StatefulSet"
_DATABASE = "postgresql.cnpg.io/Cluster"
VOLUME_OWNERS = frozenset({_CLAIM, _STATEFUL_SET, _DATABASE, *_CLAIM_TEMPLATES})


@dataclass(frozen=True)
class Volume:
    """A volume that is asked for: its size and class as they are written, and the fields in which they stand."""

    size_field: str
    size: Any
    class_field: str
    storage_class: Any


def volumes(owner: Subject) -> Iterator[Volume]:
    """All volumes that an object asks for. Those of nobody's template are left out."""
    if owner.object_type == _CLAIM:
        yield _claimed("", owner.props)
    elif owner.object_type == _STATEFUL_SET:
        for index, template in enumerate(listed(owner.props, "spec", "volumeClaimTemplates")):
            yield _claimed(f"spec.volumeClaimTemplates[{index}].", template)
    elif owner.object_type == _DATABASE:
        for name in ("storage", "walStorage"):
            storage = mapping(at(owner.props, "spec", name))
            if storage or name == "storage":
                field = f"spec.{name}"
                yield Volume(f"{field}.size", storage.get("size"), f"{field}.storageClass", storage.get("storageClass"))
    else:
        path = _CLAIM_TEMPLATES[owner.object_type]
        if at(owner.props, *path):
            yield _claimed(f"{'.'.join(path)}.", mapping(at(owner.props, *path)))


def _claimed(prefix: str, claim: Mapping[str, Any]) -> Volume:
    return Volume(
        f"{prefix}spec.resources.requests.storage",
        at(claim, "spec", "resources", "requests", "storage"),
        f"{prefix}spec.storageClassName",
        at(claim, "spec", "storageClassName"),
    )
