"""Claims of volumes, one node at a time: by a StatefulSet's pods, by one Deployment, or for the length of a Job."""

from __future__ import annotations

from typing import Any

from components.kubernetes.naming import as_manifest
from components.kubernetes.quantity import Bytes

# The annotation that the policy `volume-backup` reads.
_BACKUP = "platform.io/backup"


def claim_spec(size: Bytes, storage_class: str | None, *, shared: bool = False) -> dict[str, Any]:
    """The `spec` of a claim; None is the cluster's default storage class. Pods of several nodes may write to what is
    `shared`, if its class can do that."""
    mode = "ReadWriteMany" if shared else "ReadWriteOnce"
    spec: dict[str, Any] = {"access_modes": [mode], "resources": {"requests": {"storage": str(size)}}}
    return spec | ({"storage_class_name": storage_class} if storage_class else {})


def claim_manifest(size: Bytes, storage_class: str | None) -> dict[str, Any]:
    """`claim_spec` in the notation of a custom resource, which the SDK passes on as it is."""
    return as_manifest(claim_spec(size, storage_class))


def backup_annotation(backup: str | None) -> dict[str, str]:
    """What a claim says of how its content is saved, for people and for the policy pack."""
    return {_BACKUP: backup} if backup else {}


def claim_template(size: Bytes, storage_class: str | None, labels: dict[str, str], backup: str | None) -> Any:
    """The volume `data` of a StatefulSet's pods. It can never be changed: `labels` are those that stay."""
    metadata = {"name": "data", "labels": labels, "annotations": backup_annotation(backup)}
    return {"metadata": metadata, "spec": claim_spec(size, storage_class)}
