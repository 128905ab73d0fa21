"""What a tier says of each store: sizes, numbers and promises, and what of them does not fit the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from components.stores.buckets.buckets import ERASURE_SETS, keeps_erasure_sets
from components.stores.postgres.capacity import wal_volume
from components.stores.postgres.parameters import PostgresParameters
from stacks.schema.types import Bytes, Cpu, Model, Name, Problem, ReplicaCount, Seconds

_SIZE = TypeAdapter[Bytes](Bytes)
# A volume that is fuller is what somebody is woken for.
_FILLED = 0.8


_Requesting = TypeVar("_Requesting", "DatabaseTier", "CacheTier")


def _within_limits(tier: _Requesting) -> _Requesting:
    """The tier itself; raise ValueError if a request is above its limit, which the API server would refuse half-way."""
    for what, request, limit in (
        ("cpu", tier.cpu_request, tier.cpu_limit),
        ("memory", tier.memory_request, tier.memory_limit),
    ):
        if request.amount > limit.amount:
            raise ValueError(
                f"{what}_request {request} is above {what}_limit {limit}; raise the limit or lower the request"
            )
    return tier


class DatabaseTier(Model):
    """PostgreSQL. Figures of an instance are section 2.2's. The document has no pooler, no WAL volume and, but for
    the seven days of the dump, no retention: those are the program's own."""

    instances: ReplicaCount = Field(description="How many instances there are: one that writes, the others follow.")
    storage: Bytes = Field(description="The volume of an instance's data.")
    wal_storage: Bytes = Field(description="The volume of an instance's write-ahead log.")
    poolers: Annotated[int, Field(ge=1, le=20)] = Field(2, description="How many PgBouncers stand before it.")
    retention_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        description="How far back base backups and WAL reach, in days."
    )
    expected_data: Bytes = Field(
        description="How much data is expected, which the place for its backups is measured by; at most 80 % of "
        "`storage`."
    )
    wal_per_day: Bytes = Field(
        description="How much write-ahead log is expected a day; `wal_storage` holds that of a day without archive."
    )
    wal_parallel: Annotated[int, Field(ge=1, le=16)] = Field(
        1, description="How many files of the write-ahead log are archived at a time; each takes 64 MiB of memory."
    )
    recovery_point: Annotated[Seconds, Field(ge=300)] | None = Field(
        None,
        description="How much of what was written last may be lost with the cluster, as a time from 5m (by then "
        "PostgreSQL closes a file of its log) on. With it, backups must lie outside of the cluster; null promises "
        "nothing.",
    )
    volume_snapshots: Name | None = Field(
        None,
        description="The VolumeSnapshotClass by which the volumes are snapshotted each night, beside the backups: a "
        "restore of hundreds of GB takes minutes and not hours. The cluster needs the CSI driver and the snapshot "
        "controller. CloudNativePG removes none: a snapshot goes with its Backup object.",
    )
    parameters: PostgresParameters = Field(
        PostgresParameters(), description="Parameters of `postgresql.conf`, checked against `memory_limit`."
    )
    cpu_request: Cpu = Field(Cpu.parse("1"), description="The CPU that an instance requests; at most `cpu_limit`.")
    cpu_limit: Cpu = Field(Cpu.parse("2"), description="The CPU that an instance may use.")
    memory_request: Bytes = Field(
        Bytes.parse("1Gi"), description="The memory that an instance requests; at most `memory_limit`."
    )
    memory_limit: Bytes = Field(Bytes.parse("2Gi"), description="The memory that an instance may use.")

    _requests = model_validator(mode="after")(_within_limits)

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """Parameters that do not fit the memory, and data and WAL that do not fit their volumes."""
        yield from _volume_problems(data)
        try:
            parameters = TypeAdapter(PostgresParameters).validate_python(data.get("parameters", {}))
            memory = TypeAdapter(Bytes).validate_python(data.get("memory_limit", "2Gi"))
        except ValidationError:
            return
        for message in parameters.problems(memory):
            yield Problem(("parameters",), message)


def _volume_problems(data: Mapping[str, Any]) -> Iterable[Problem]:
    try:
        names = ("expected_data", "storage", "wal_per_day", "wal_storage")
        expected, storage, wal_per_day, wal_storage = (_SIZE.validate_python(data.get(name)) for name in names)
    except ValidationError:
        # The field itself says what is wrong with it.
        return
    if expected.amount > storage.amount * _FILLED:
        most = Bytes(int(storage.amount * _FILLED)).rounded("Mi")
        message = f"{expected} of data fill a volume of {storage}: at most 80 % of it, {most}; raise storage"
        yield Problem(("expected_data",), message)
    least = wal_volume(wal_per_day)
    if wal_storage.amount < least.amount:
        message = (
            f"a volume of {wal_storage} is full before a day without archive is over: with {wal_per_day} of WAL a day "
            f"(wal_per_day) it takes {least.rounded('Mi')} or more"
        )
        yield Problem(("wal_storage",), message)


class CacheTier(Model):
    """Redis. Figures of a pod and production's six shards are section 2.2's."""

    kind: Literal["single", "cluster"] = Field("cluster", description="One server, or a cluster of shards.")
    shards: Annotated[int, Field(ge=1, le=500)] = Field(
        description="How many shards there are, a leader and a follower each: 1 of a single server, 3 or more of "
        "a cluster."
    )
    storage: Bytes = Field(description="The volume of a pod.")
    tls: bool = Field(False, description="Whether connections are encrypted.")
    cpu_request: Cpu = Field(Cpu.parse("500m"), description="The CPU that a pod requests; at most `cpu_limit`.")
    cpu_limit: Cpu = Field(Cpu.parse("1"), description="The CPU that a pod may use.")
    memory_request: Bytes = Field(
        Bytes.parse("1Gi"), description="The memory that a pod requests; at most `memory_limit`."
    )
    memory_limit: Bytes = Field(Bytes.parse("2Gi"), description="The memory that a pod may use.")

    _requests = model_validator(mode="after")(_within_limits)

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """Shards that the kind cannot have."""
        kind, shards = data.get("kind", "cluster"), data.get("shards")
        if kind == "cluster" and shards in (1, 2):
            yield Problem(("shards",), f"{shards} leaders elect nobody: a cluster has 3 shards or more")
        if kind == "single" and isinstance(shards, int) and shards > 1:
            yield Problem(("shards",), f"a single Redis has 1 shard; got {shards}: use kind 'cluster'")


class ObjectStorageTier(Model):
    """MinIO."""

    servers: ReplicaCount = Field(
        description="How many servers there are: 1, or 4 and more that make whole erasure sets."
    )
    storage: Bytes = Field(description="The volume of each server.")

    @model_validator(mode="after")
    def _erasure_set(self) -> Self:
        if not keeps_erasure_sets(self.servers):
            raise ValueError(f"{self.servers} servers keep no erasure set: {ERASURE_SETS}")
        return self
