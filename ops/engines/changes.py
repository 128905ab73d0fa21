"""What a deployment changed: the objects as they were against the objects as they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

# Kept by the API server and controllers, and no part of what was asked for.
_SERVER_FIELDS = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink")
# Written by the deployment controller and by the binding of volumes.
_CONTROLLER_ANNOTATIONS = ("deployment.kubernetes.io/", "pv.kubernetes.io/", "volume.kubernetes.io/")

Key = tuple[str, str, str]


@dataclass
class Changes:
    """Titles of objects (`Kind namespace/name`) by what happened to them."""

    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: int = 0

    @property
    def none(self) -> bool:
        """Whether everything was as it should be already."""
        return not (self.created or self.changed or self.removed)

    def __str__(self) -> str:
        parts = [(len(self.created), "created"), (len(self.changed), "changed"), (len(self.removed), "removed")]
        text = ", ".join(f"{count} {what}" for count, what in parts if count)
        return (
            f"{text}, {self.unchanged} unchanged" if text else f"no changes, {self.unchanged} objects as they should be"
        )


def key_of(live: Mapping[str, Any]) -> Key:
    """(kind, namespace, name) of an object."""
    metadata = live["metadata"]
    return str(live["kind"]), str(metadata.get("namespace", "")), str(metadata["name"])


def title_of(key: Key) -> str:
    """`Kind namespace/name`."""
    kind, namespace, name = key
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


def note(changes: Changes, before: Mapping[Key, Mapping[str, Any]], after: Iterable[Mapping[str, Any]]) -> None:
    """Add what became of each object in `after`."""
    for live in after:
        key = key_of(live)
        old = before.get(key)
        if old is None:
            changes.created.append(title_of(key))
        elif _wanted(old) != _wanted(live):
            changes.changed.append(title_of(key))
        else:
            changes.unchanged += 1


def _wanted(live: Mapping[str, Any]) -> dict[str, Any]:
    body = {key: value for key, value in live.items() if key not in ("status", "metadata")}
    metadata = {key: value for key, value in live["metadata"].items() if key not in _SERVER_FIELDS}
    annotations = metadata.get("annotations") or {}
    metadata["annotations"] = {
        key: value for key, value in annotations.items() if not key.startswith(_CONTROLLER_ANNOTATIONS)
    }
    return {**body, "metadata": metadata}
