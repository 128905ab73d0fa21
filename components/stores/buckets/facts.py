"""What the platform knows of object storage before any system asks for it."""

from __future__ import annotations

from components.stores.facts import StoreFacts

# MinIO serves metrics where it serves objects.
PORT = 9000

FACTS = StoreFacts(
    capability="object_storage",
    package=__package__,
    metrics=frozenset(
        {
            "minio_cluster_drive_offline_total",
            "minio_cluster_capacity_usable_free_bytes",
            "minio_cluster_capacity_usable_total_bytes",
        }
    ),
    ports=(PORT,),
    registries=("quay.io/minio",),
)
