"""The persistent volumes that an object asks for, wherever it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from components.kubernetes.operator_kinds import VolumeAt
from policy.engine.subject import Subject
from policy.facts.inventory import listed
from policy.facts.kinds import KINDS
from policy.facts.values import at, mapping

_CLAIM, _STATEFUL_SET = "core/PersistentVolumeClaim", "apps/StatefulSet"
_CLAIMED = VolumeAt(path=())
VOLUME_OWNERS = frozenset({_CLAIM, _STATEFUL_SET, *(name for name, one in KINDS.items() if one.volumes)})


@dataclass(frozen=True)
class Volume:
    """A volume that is asked for: its size and class as they are written, and the fields in which they stand."""

    size_field: str
    size: Any
    class_field: str
    storage_class: Any


def volumes(owner: Subject) -> Iterator[Volume]:
    """All volumes that an object asks for. Those of nobody's template are left out."""
    kind = KINDS.get(owner.object_type)
    if owner.object_type == _CLAIM:
        yield _volume("", _CLAIMED, owner.props)
    elif owner.object_type == _STATEFUL_SET:
        for index, template in enumerate(listed(owner.props, "spec", "volumeClaimTemplates")):
            yield _volume(f"spec.volumeClaimTemplates[{index}].", _CLAIMED, template)
    for one in kind.volumes if kind else ():
        claim = mapping(at(owner.props, *one.path))
        if claim or one.required:
            yield _volume(f"{'.'.join(one.path)}.", one, claim)


def _volume(prefix: str, where: VolumeAt, claim: Mapping[str, Any]) -> Volume:
    return Volume(
        f"{prefix}{'.'.join(where.size)}",
        at(claim, *where.size),
        f"{prefix}{'.'.join(where.storage_class)}",
        at(claim, *where.storage_class),
    )
