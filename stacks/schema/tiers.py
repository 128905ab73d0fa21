"""What an environment of each kind is made of: the environment matrix of the AstrBot document, section 2.1, as data.

| tier    | purpose                 | nodes | data                  | monitoring    |
|---------|-------------------------|-------|-----------------------|---------------|
| dev     | everyday development    | 1     | test data             | basic         |
| test    | integration, QA         | 2     | simulated data        | full          |
| staging | validation before prod  | 3     | anonymised production | production    |
| prod    | the live environment    | 5+    | real data             | comprehensive |

Nodes and monitoring are the document's; nothing goes by which data there is. Its component list (section 1.1) gives
replicas, CPU and memory of each service, which hold in every tier. What a pod *requests* of them differs: a development
node is shared by packing pods tightly; production requests half of each limit, as the document's Helm values do (1000m
of 2000m, section 3.2). Where a service says its requests and how far it scales, that holds as it is in the tiers of
`full_size`; in the others it is the most that it gets there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from components.stores.buckets.buckets import ERASURE_SETS, keeps_erasure_sets
from components.stores.postgres.parameters import PostgresParameters
from stacks.schema.types import Bytes, Cpu, Model, Name, Problem, ReplicaCount, TierName


def _within_limits(tier: DatabaseTier | CacheTier) -> None:
    """Raise ValueError if a request is above its limit, which the API server would refuse half-way."""
    for what, request, limit in (
        ("cpu", tier.cpu_request, tier.cpu_limit),
        ("memory", tier.memory_request, tier.memory_limit),
    ):
        if request.amount > limit.amount:
            raise ValueError(
                f"{what}_request {request} is above {what}_limit {limit}; raise the limit or lower the request"
            )


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
    parameters: PostgresParameters = Field(
        PostgresParameters(), description="Parameters of `postgresql.conf`, checked against `memory_limit`."
    )
    cpu_request: Cpu = Field(Cpu.parse("1"), description="The CPU that an instance requests; at most `cpu_limit`.")
    cpu_limit: Cpu = Field(Cpu.parse("2"), description="The CPU that an instance may use.")
    memory_request: Bytes = Field(
        Bytes.parse("1Gi"), description="The memory that an instance requests; at most `memory_limit`."
    )
    memory_limit: Bytes = Field(Bytes.parse("2Gi"), description="The memory that an instance may use.")

    @model_validator(mode="after")
    def _requests(self) -> Self:
        _within_limits(self)
        return self

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """Parameters that do not fit the memory."""
        try:
            parameters = TypeAdapter(PostgresParameters).validate_python(data.get("parameters", {}))
            memory = TypeAdapter(Bytes).validate_python(data.get("memory_limit", "2Gi"))
        except ValidationError:
            return
        for message in parameters.problems(memory):
            yield Problem(("parameters",), message)


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

    @model_validator(mode="after")
    def _requests(self) -> Self:
        _within_limits(self)
        return self

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


class Tier(Model):
    """One row of the environment matrix, with what follows from it."""

    nodes: Annotated[int, Field(ge=1, le=1000)] = Field(
        description="How many nodes the cluster has, which the quotas and the preflight go by."
    )
    zones: Annotated[int, Field(ge=1, le=3)] = Field(description="In how many availability zones the nodes are.")
    node_cpu: Cpu = Field(Cpu.parse("16"), description="The CPU of a node.")
    node_memory: Bytes = Field(Bytes.parse("64Gi"), description="The memory of a node.")
    monitoring: Literal["basic", "full", "production", "comprehensive"] = Field(
        description="The level of monitoring: exporters and dashboards from full on, TLS and notifications from "
        "production on, Thanos with comprehensive."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(description="The level that the systems log at.")
    trace_sampling_rate: Annotated[float, Field(ge=0, le=1)] = Field(
        description="The part of the traces that is kept, from 0 to 1."
    )
    request_ratio: Annotated[float, Field(gt=0, le=1)] = Field(
        description="The part of its CPU and memory limits that a service requests unless it says so itself, "
        "above 0 and up to 1."
    )
    full_size: bool = Field(
        False,
        description="Whether a service's own requests and scaling hold as they are; else they are the most that "
        "it gets.",
    )
    autoscaling_maximum: ReplicaCount = Field(description="The most pods of a service that says no maximum of its own.")
    zones_required: bool = Field(
        description="Whether replicas must be in different zones: what is left over stays Pending."
    )
    protect_data: bool = Field(description="Whether Pulumi refuses to remove what holds data.")
    storage_class: Name | None = Field(
        "fast-ssd", description="The StorageClass of volumes; null for the cluster's default."
    )
    cluster_issuer: Name | None = Field(
        description="The ClusterIssuer of cert-manager for certificates from outside; null for one that signs itself."
    )
    external_secrets: bool = Field(description="Whether credentials come from `secret_store`; else they are generated.")
    database: DatabaseTier = Field(description="PostgreSQL of each system that has one.")
    cache: CacheTier = Field(description="Redis of each system that has one.")
    object_storage: ObjectStorageTier = Field(description="MinIO of each system that keeps objects in it.")

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """More than there are zones for, where no two may share one: what is left over would stay Pending."""
        zones, database, cache = data.get("zones"), data.get("database"), data.get("cache")
        if data.get("zones_required") is not True or not isinstance(zones, int):
            return
        instances = database.get("instances") if isinstance(database, Mapping) else None
        if isinstance(instances, int) and instances > zones:
            message = (
                f"{instances} instances need as many zones, since zones_required lets no two share one; zones is "
                f"{zones}: use {zones} or fewer, or set zones_required to false"
            )
            yield Problem(("database", "instances"), message)
        if zones == 1 and isinstance(cache, Mapping) and cache.get("kind", "cluster") == "cluster":
            message = "1 zone holds no follower apart from its leader: use 2 or more, or set zones_required to false"
            yield Problem(("zones",), message)


_GIB = Bytes.parse("1Gi")

TIERS: dict[TierName, Tier] = {
    "dev": Tier(
        nodes=1,
        zones=1,
        monitoring="basic",
        log_level="DEBUG",
        trace_sampling_rate=1.0,
        request_ratio=0.25,
        autoscaling_maximum=4,
        zones_required=False,
        protect_data=False,
        cluster_issuer=None,
        external_secrets=False,
        database=DatabaseTier(
            instances=1,
            storage=_GIB * 10,
            wal_storage=_GIB * 2,
            poolers=1,
            retention_days=3,
            # All systems share one node.
            cpu_request=Cpu.parse("250m"),
            memory_request=Bytes.parse("512Mi"),
        ),
        cache=CacheTier(
            kind="single",
            shards=1,
            storage=_GIB * 5,
            cpu_request=Cpu.parse("250m"),
            memory_request=Bytes.parse("512Mi"),
        ),
        object_storage=ObjectStorageTier(servers=1, storage=_GIB * 10),
    ),
    "test": Tier(
        nodes=2,
        zones=2,
        monitoring="full",
        log_level="DEBUG",
        trace_sampling_rate=1.0,
        request_ratio=0.25,
        autoscaling_maximum=6,
        zones_required=False,
        protect_data=False,
        cluster_issuer=None,
        external_secrets=False,
        database=DatabaseTier(instances=2, storage=_GIB * 20, wal_storage=_GIB * 4, poolers=1, retention_days=7),
        cache=CacheTier(shards=3, storage=_GIB * 10),
        object_storage=ObjectStorageTier(servers=1, storage=_GIB * 20),
    ),
    "staging": Tier(
        nodes=3,
        zones=3,
        monitoring="production",
        log_level="INFO",
        trace_sampling_rate=0.1,
        request_ratio=0.5,
        full_size=True,
        autoscaling_maximum=10,
        zones_required=True,
        protect_data=True,
        cluster_issuer="letsencrypt-staging",
        external_secrets=True,
        database=DatabaseTier(instances=3, storage=_GIB * 100, wal_storage=_GIB * 20, retention_days=14),
        cache=CacheTier(shards=3, storage=_GIB * 50, tls=True),
        object_storage=ObjectStorageTier(servers=4, storage=_GIB * 50),
    ),
    "prod": Tier(
        nodes=5,
        zones=3,
        monitoring="comprehensive",
        log_level="INFO",
        trace_sampling_rate=0.1,
        request_ratio=0.5,
        full_size=True,
        autoscaling_maximum=10,
        zones_required=True,
        protect_data=True,
        cluster_issuer="letsencrypt-prod",
        external_secrets=True,
        database=DatabaseTier(
            instances=3,
            storage=_GIB * 100,
            wal_storage=_GIB * 20,
            retention_days=30,
            # Requests equal limits: the Guaranteed QoS class, which the kernel's memory killer takes last.
            cpu_request=Cpu.parse("2"),
            memory_request=Bytes.parse("2Gi"),
        ),
        cache=CacheTier(shards=6, storage=_GIB * 50, tls=True),
        object_storage=ObjectStorageTier(servers=4, storage=_GIB * 100),
    ),
}
