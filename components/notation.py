"""From the SDK's notation of objects, in Python's names, to Kubernetes' own, which custom resources are written in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def as_manifest(value: Any) -> dict[str, Any]:
    """Python's names as Kubernetes' own: `run_as_user` is `runAsUser`. Values below labels stay as they are."""
    return {_camel(key): as_manifest(one) if _is_struct(key, one) else one for key, one in value.items()}


def _is_struct(key: str, value: Any) -> bool:
    return isinstance(value, Mapping) and key != "match_labels"


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)
