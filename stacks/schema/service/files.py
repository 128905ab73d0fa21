"""What a service has as files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from components.kubernetes.quantity import Bytes
from components.workload.files import Directory
from stacks.schema.types import Problem


def scratch_space(directories: Sequence[Directory]) -> Bytes:
    """What the directories take of a pod's ephemeral storage together."""
    return Bytes(sum(one.size.amount for one in directories))


def volume_problems(data: Mapping[str, Any]) -> Iterable[Problem]:
    """Two volumes at one path, in the raw keys of a service."""
    taken = {"/tmp": "the scratch space that every service has"}
    for place, path in _paths(data):
        if path in taken:
            yield Problem((*place, "path"), f"{path} is taken by {taken[path]}", path)
        taken.setdefault(path, ".".join(map(str, place)))


def _paths(data: Mapping[str, Any]) -> Iterable[tuple[tuple[str | int, ...], str]]:
    lists = {key: data.get(key) for key in ("directories", "secret_files", "config_files")}
    entries: list[tuple[tuple[str | int, ...], Any]] = [(("storage",), data.get("storage"))]
    for key, value in lists.items():
        entries += [((key, index), one) for index, one in enumerate(value if isinstance(value, (list, tuple)) else ())]
    for place, entry in entries:
        path = entry.get("path") if isinstance(entry, Mapping) else None
        if isinstance(path, str):
            yield place, path.rstrip("/")
