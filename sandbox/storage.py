"""The StorageClasses of the sandbox. Their provisioner is the kwok stage in stages/volume.yaml."""

from __future__ import annotations

from typing import Any

PROVISIONER = "sandbox.platform.io/volume"
CLASSES = ("standard", "fast-ssd", "shared-files")


def manifests() -> list[dict[str, Any]]:
    """`standard`, which is the default, and two more: growable, bound at once, removed with their claim.

    `shared-files` stands for what pods of several nodes may write to; here all of them may.
    """
    return [_storage_class(name, default=name == CLASSES[0]) for name in CLASSES]


def _storage_class(name: str, *, default: bool) -> dict[str, Any]:
    annotation = {"storageclass.kubernetes.io/is-default-class": str(default).lower()}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name, "annotations": annotation},
        "provisioner": PROVISIONER,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "Immediate",
        "allowVolumeExpansion": True,
    }
