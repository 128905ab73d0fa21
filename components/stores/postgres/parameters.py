"""Typed parameters of `postgresql.conf`, checked against the memory that an instance has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import ConfigDict, Field

from components.kubernetes.quantity import Bytes

_KIB, _MIB, _GIB = 1024, 1024**2, 1024**3
# PostgreSQL's own default: written out only where it is changed.
_DEFAULT_WORK_MEM = Bytes.parse("4Mi")
# autovacuum_max_workers: each may take maintenance_work_mem of its own.
_AUTOVACUUM_WORKERS = 3
_WAL_SEGMENT = Bytes.parse("16Mi")
# superuser_reserved_connections (3), replication and the operator's own, the exporter, one dump, one migration.
RESERVED_CONNECTIONS = 20


@dataclass(frozen=True, kw_only=True)
class PostgresParameters:
    """The parameters of one instance. Defaults are the AstrBot document's, section 2.2; `work_mem` is PostgreSQL's."""

    # Read by pydantic where the configuration overrides one: a misspelt name is an error.
    __pydantic_config__ = ConfigDict(extra="forbid")

    max_connections: Annotated[int, Field(description="The most connections.")] = 200
    shared_buffers: Annotated[Bytes, Field(description="Memory that all connections share for pages.")] = Bytes.parse(
        "256Mi"
    )
    effective_cache_size: Annotated[
        Bytes, Field(description="Memory that the planner takes to hold pages, that of the kernel included.")
    ] = Bytes.parse("1Gi")
    work_mem: Annotated[Bytes, Field(description="Memory of one sort or hash of one query.")] = _DEFAULT_WORK_MEM
    maintenance_work_mem: Annotated[Bytes, Field(description="Memory of one VACUUM or CREATE INDEX.")] = Bytes.parse(
        "64Mi"
    )
    wal_buffers: Annotated[Bytes, Field(description="Memory for WAL that waits to be written.")] = Bytes.parse("16Mi")
    checkpoint_completion_target: Annotated[
        float, Field(description="The part of the time between two checkpoints over which one is spread, from 0 to 1.")
    ] = 0.9
    default_statistics_target: Annotated[
        int, Field(description="How exact the planner's statistics are: entries of a column's histogram.")
    ] = 100
    random_page_cost: Annotated[
        float, Field(description="What a random page read costs, in units of a sequential one.")
    ] = 1.1
    effective_io_concurrency: Annotated[int, Field(description="How many reads the disk does at a time.")] = 200

    def as_settings(self) -> dict[str, str]:
        """The parameters by name, in PostgreSQL's own notation, which knows no `Mi`."""
        settings = {
            "max_connections": str(self.max_connections),
            "shared_buffers": postgres_size(self.shared_buffers),
            "effective_cache_size": postgres_size(self.effective_cache_size),
            "maintenance_work_mem": postgres_size(self.maintenance_work_mem),
            "checkpoint_completion_target": str(self.checkpoint_completion_target),
            "wal_buffers": postgres_size(self.wal_buffers),
            "default_statistics_target": str(self.default_statistics_target),
            "random_page_cost": str(self.random_page_cost),
            "effective_io_concurrency": str(self.effective_io_concurrency),
        }
        changed = self.work_mem != _DEFAULT_WORK_MEM
        return settings | ({"work_mem": postgres_size(self.work_mem)} if changed else {})

    def needed(self) -> Bytes:
        """The memory that a busy instance takes: shared, one `work_mem` a connection, and autovacuum's.

        A query with several sorts takes `work_mem` more than once; as few connections sort at a time, one each is
        the measure that PostgreSQL's documentation of `work_mem` leads to.
        """
        return Bytes(
            self.shared_buffers.amount
            + self.wal_buffers.amount
            + self.max_connections * self.work_mem.amount
            + _AUTOVACUUM_WORKERS * self.maintenance_work_mem.amount
        )

    def problems(self, memory: Bytes) -> Iterator[str]:
        """What does not fit an instance with `memory` (its limit), each with what would."""
        yield from self._ranges()
        if self.shared_buffers.amount > memory.amount * 0.4:
            limit = Bytes(int(memory.amount * 0.4))
            yield (
                f"shared_buffers {self.shared_buffers} is more than 40 % of the memory {memory}: use about a quarter, "
                f"{_readable(Bytes(memory.amount // 4))}, and at most {_readable(limit)}"
            )
        if not self.shared_buffers.amount <= self.effective_cache_size.amount <= memory.amount:
            yield (
                f"effective_cache_size {self.effective_cache_size} must lie between shared_buffers "
                f"{self.shared_buffers} and the memory {memory}"
            )
        if self.needed().amount > memory.amount:
            yield (
                f"the parameters need {_readable(self.needed())} and the memory limit is {memory}: shared_buffers "
                f"{self.shared_buffers} + wal_buffers {self.wal_buffers} + {self.max_connections} connections x "
                f"work_mem {self.work_mem} + {_AUTOVACUUM_WORKERS} autovacuum workers x maintenance_work_mem "
                f"{self.maintenance_work_mem}; lower one of them or raise memory_limit"
            )

    def _ranges(self) -> Iterator[str]:
        """The limits that PostgreSQL itself sets, and would refuse to start beyond."""
        if self.max_connections <= RESERVED_CONNECTIONS:
            yield (
                f"max_connections {self.max_connections} leaves none to the applications: "
                f"{RESERVED_CONNECTIONS} are reserved for the operator, replicas, backup and migrations"
            )
        if not 32 * _KIB <= self.wal_buffers.amount <= min(_WAL_SEGMENT.amount, self.shared_buffers.amount):
            yield (
                f"wal_buffers {self.wal_buffers} must lie between 32Ki and a WAL segment ({_WAL_SEGMENT}), and not "
                f"above shared_buffers {self.shared_buffers}"
            )
        for name, least in (("work_mem", 64 * _KIB), ("maintenance_work_mem", _MIB), ("shared_buffers", 128 * _KIB)):
            if getattr(self, name).amount < least:
                yield f"{name} {getattr(self, name)} is below PostgreSQL's minimum of {Bytes(least)}"
        if not 0 < self.checkpoint_completion_target <= 1:
            yield f"checkpoint_completion_target {self.checkpoint_completion_target} must lie between 0 and 1"


def postgres_size(size: Bytes) -> str:
    """An amount of memory as PostgreSQL writes it: `256MB`, with units of 1024."""
    units: Mapping[str, int] = {"GB": _GIB, "MB": _MIB, "kB": _KIB}
    for unit, factor in units.items():
        if size.amount and size.amount % factor == 0:
            return f"{size.amount // factor}{unit}"
    return f"{size.amount}B"


def _readable(size: Bytes) -> Bytes:
    return size.rounded("Mi")
