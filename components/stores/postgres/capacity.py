"""How much the backups of a database take, from what its tier expects of it."""

from __future__ import annotations

from dataclasses import dataclass

from components.kubernetes.quantity import Bytes
from components.stores.postgres.archiver import RATIO

# Barman keeps the newest base backup that is older than the retention, without which its WAL restores nothing, and
# removes none before the next one is there.
_FURTHER_BASES = 2
# The dumps of a week (section 6.1 of the AstrBot document) and tonight's: each a quarter of the data, without indices
# and dead rows and compressed by gzip.
_DUMPS, _DUMP_SHARE = 8, 0.25


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What is kept of `data` for `retention_days`, with `wal_per_day`; both before they are compressed."""

    data: Bytes
    wal_per_day: Bytes
    retention_days: int

    @property
    def size(self) -> Bytes:
        """All of it in the bucket: a base backup a day, their WAL, and the dumps."""
        bases = self.data.amount * (self.retention_days + _FURTHER_BASES) / RATIO
        wal = self.wal_per_day.amount * self.retention_days / RATIO
        return Bytes(int(bases + wal + self.data.amount * _DUMPS * _DUMP_SHARE))

    @property
    def explained(self) -> str:
        """How that is worked out, in words."""
        return (
            f"{self.retention_days + _FURTHER_BASES} base backups of {self.data} and {self.retention_days} days of WAL "
            f"at {self.wal_per_day}, each {RATIO:g} times smaller, and {_DUMPS} dumps of a quarter of the data"
        )


# What PostgreSQL keeps in any case: max_wal_size (its default, 1GB) and wal_keep_size (CloudNativePG's, 512MB).
_WAL_AT_REST = Bytes.parse("1536Mi")


def wal_volume(wal_per_day: Bytes) -> Bytes:
    """The smallest volume for WAL on which a database goes on for a day without its archive."""
    return Bytes(_WAL_AT_REST.amount + wal_per_day.amount)
