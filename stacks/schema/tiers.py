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
from typing import Annotated, Any, Literal

from pydantic import Field

from stacks.schema.store_tiers import CacheTier, DatabaseTier, ObjectStorageTier
from stacks.schema.types import Bytes, Cpu, Model, Name, Problem, ReplicaCount, TierName


class Tier(Model):
    """One row of the environment matrix, with what follows from it."""

    nodes: Annotated[int, Field(ge=1, le=1000)] = Field(
        description="How many nodes the cluster has; the preview says whether one, and a zone of them, can be lost."
    )
    maximum_nodes: Annotated[int, Field(ge=1, le=1000)] = Field(
        description="The most nodes that the cluster may ever have, which quotas of what runs on every node go by; "
        "never less than `nodes`, nor than what an EKS cluster's node groups have at most together.",
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
        maximum_nodes=16,
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
            expected_data=_GIB,
            wal_per_day=_GIB * 0.25,
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
        maximum_nodes=16,
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
        database=DatabaseTier(
            instances=2,
            storage=_GIB * 20,
            wal_storage=_GIB * 4,
            expected_data=_GIB * 2,
            wal_per_day=_GIB,
            wal_parallel=2,
            poolers=1,
            retention_days=7,
        ),
        cache=CacheTier(shards=3, storage=_GIB * 10),
        object_storage=ObjectStorageTier(servers=1, storage=_GIB * 20),
    ),
    "staging": Tier(
        nodes=3,
        maximum_nodes=25,
        zones=3,
        # A node is a zone here: what two of three hold must be enough for all that can move (45 of 53 cores).
        node_cpu=Cpu.parse("32"),
        node_memory=Bytes.parse("128Gi"),
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
        # Copies of what production keeps backups of: nothing is promised of them.
        database=DatabaseTier(
            instances=3,
            storage=_GIB * 100,
            wal_storage=_GIB * 20,
            expected_data=_GIB * 6,
            wal_per_day=_GIB * 2,
            wal_parallel=4,
            retention_days=14,
        ),
        cache=CacheTier(shards=3, storage=_GIB * 50, tls=True),
        object_storage=ObjectStorageTier(servers=4, storage=_GIB * 50),
    ),
    "prod": Tier(
        # Five and more, says the document: of five, 80 cores, neither a node nor a zone could go (71 are requested).
        nodes=8,
        maximum_nodes=30,
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
            expected_data=_GIB * 36,
            wal_per_day=_GIB * 5,
            wal_parallel=4,
            # CloudNativePG's archive_timeout: no file of the log stays open for longer.
            recovery_point=300,
            retention_days=30,
            # Requests equal limits: the Guaranteed QoS class, which the kernel's memory killer takes last.
            cpu_request=Cpu.parse("2"),
            memory_request=Bytes.parse("2Gi"),
        ),
        cache=CacheTier(shards=6, storage=_GIB * 50, tls=True),
        object_storage=ObjectStorageTier(servers=4, storage=_GIB * 100),
    ),
}
