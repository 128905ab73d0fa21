"""Whether what is kept of a database fits where it is kept: figures of neighbours, before anything is touched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from components.kubernetes.quantity import Bytes
from components.stores.buckets.buckets import usable
from components.stores.postgres.capacity import Kept
from stacks.schema.tiers import Tier
from stacks.schema.types import Problem
from stacks.systems import Systems, config_class


def backup_problems(data: Mapping[str, Any], tier: Tier) -> Iterator[Problem]:
    """`data` is the raw file, `tier` that of the environment with its overrides."""
    yield from _shared_places(data.get("systems"))
    yield from _full_minio(data, tier)


def _shared_places(systems: Any) -> Iterator[Problem]:
    """Two systems that would archive to one place: their clusters have the same name, and Barman refuses the second."""
    taken: dict[tuple[Any, ...], str] = {}
    for key, config in systems.items() if isinstance(systems, Mapping) else ():
        storage = config.get("object_storage") if isinstance(config, Mapping) else None
        backups = storage.get("backups") if isinstance(storage, Mapping) else None
        if not isinstance(storage, Mapping) or not isinstance(backups, Mapping):
            continue
        place = (str(storage.get("endpoint")), str(backups.get("bucket")), str(backups.get("prefix")))
        if (first := taken.setdefault(place, str(key))) != key:
            message = (
                f"{place[1]!r} has the backups of {first} already, which would lie in the same folder: take another "
                "bucket, or another prefix"
            )
            yield Problem(("systems", key, "object_storage", "backups", "bucket"), message, place[1])


def _full_minio(data: Mapping[str, Any], tier: Tier) -> Iterator[Problem]:
    """Each system whose backups do not fit its own MinIO.

    Where the tier promises a recovery point a policy refuses MinIO whatever its size, and EKS clusters have a bucket of
    their own.
    """
    systems, cluster = data.get("systems"), data.get("cluster")
    eks = isinstance(cluster, Mapping) and cluster.get("kind") == "eks"
    if eks or tier.database.recovery_point is not None or not isinstance(systems, Mapping):
        return
    kept = Kept(
        data=tier.database.expected_data,
        wal_per_day=tier.database.wal_per_day,
        retention_days=tier.database.retention_days,
    )
    room = usable(tier.object_storage.servers, tier.object_storage.storage)
    if kept.size.amount <= room.amount:
        return
    for key, config in systems.items():
        if key in Systems.model_fields and _has_database(key) and _in_minio(config):
            yield Problem(("systems", key, "object_storage"), _message(tier, kept, room))


def _has_database(key: str) -> bool:
    return any(one.capability == "database" for one in config_class(key).declaration.every_store)


def _in_minio(config: Any) -> bool:
    storage = config.get("object_storage") if isinstance(config, Mapping) else None
    return not isinstance(storage, Mapping) or storage.get("kind") == "minio"


def _message(tier: Tier, kept: Kept, room: Bytes) -> str:
    storage, database = tier.object_storage, tier.database
    return (
        f"backups of {database.retention_days} days take {kept.size.rounded('Gi')} ({kept.explained}), and MinIO's "
        f"{storage.servers} volumes of {storage.storage} have {room.rounded('Gi')} for them: raise "
        "overrides.object_storage.storage, lower overrides.database.retention_days, expected_data or wal_per_day, "
        "or use a bucket outside of the cluster (kind: s3)"
    )
