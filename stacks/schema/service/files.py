"""What a service has as files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from components.kubernetes.quantity import Bytes as Quantity
from stacks.schema.service.types import AbsolutePath, FileName
from stacks.schema.types import Bytes, Model, Name, Problem, Text

# What /tmp has.
_SCRATCH = Quantity.parse("512Mi")


class Storage(Model):
    """A volume that outlives its pod; of a stateful service one for each. `storage_class` is by default the tier's.

    `backup` names what backs it up, or says why nothing does: the policies want either in production.
    """

    path: AbsolutePath
    size: Bytes
    storage_class: Name | None = None
    backup: Text | None = None


class Directory(Model):
    """Scratch space below the read-only root, empty when the pod starts; 512Mi unless it says otherwise."""

    path: AbsolutePath
    size: Bytes = _SCRATCH


class SecretFiles(Model):
    """Keys of the system's Secret as read-only files below `path`, by file name."""

    path: AbsolutePath
    files: Annotated[Mapping[FileName, Text], Field(min_length=1)]


class ConfigFiles(Model):
    """Texts as read-only files below `path`, by file name. Whoever may read ConfigMaps may read them: no secrets."""

    path: AbsolutePath
    files: Annotated[Mapping[FileName, str], Field(min_length=1)]


def scratch_space(directories: Sequence[Directory]) -> Quantity:
    """What the directories take of a pod's ephemeral storage together."""
    return Quantity(sum(one.size.amount for one in directories))


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
