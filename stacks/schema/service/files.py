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
    """A volume that outlives its pod; of a stateful service one for each, and one for all where it is shared."""

    path: AbsolutePath = Field(description="Where it is mounted.")
    size: Bytes = Field(description="How large it is.")
    storage_class: Name | None = Field(None, description="The StorageClass of the volume.")
    backup: Text | None = Field(
        None, description="What backs it up, or why nothing does: the policies want either in production."
    )
    shared: bool = Field(
        False,
        description="Whether all pods of a stateless service mount it, on whichever nodes they are. Its class has to "
        "be able to do that (ReadWriteMany: file systems such as EFS; no disks).",
    )


class Directory(Model):
    """Scratch space below the read-only root."""

    path: AbsolutePath = Field(description="Where it is mounted; empty when the pod starts.")
    size: Bytes = Field(_SCRATCH, description="How much it holds at the most.")


class SecretFiles(Model):
    """Keys of the system's Secret as read-only files."""

    path: AbsolutePath = Field(description="The folder that they are in.")
    files: Annotated[Mapping[FileName, Text], Field(min_length=1)] = Field(
        description="The key of the system's Secret, by the name of the file."
    )


class ConfigFiles(Model):
    """Texts as read-only files."""

    path: AbsolutePath = Field(description="The folder that they are in.")
    files: Annotated[Mapping[FileName, str], Field(min_length=1)] = Field(
        description="The text, by the name of the file. Whoever may read ConfigMaps may read it: no secrets."
    )


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
