"""What the platform knows of PostgreSQL before any system asks for it."""

from __future__ import annotations

from components.stores.facts import StoreFacts
from components.stores.postgres.kinds import KINDS

# CloudNativePG's exporters: of an instance, and of a pooler.
METRICS_PORT = 9187
POOLER_METRICS_PORT = 9127

FACTS = StoreFacts(
    capability="database",
    package=__package__,
    metrics=frozenset(
        {
            "cnpg_collector_up",
            "cnpg_collector_pg_wal_archive_status",
            "cnpg_pg_replication_lag",
            "cnpg_pg_replication_streaming_replicas",
            "cnpg_pg_stat_archiver_archived_count",
            "cnpg_pg_stat_archiver_last_archived_time",
            "cnpg_pg_stat_archiver_last_failed_time",
            "cnpg_backends_total",
            "cnpg_pg_settings_setting",
            "cnpg_pg_database_size_bytes",
            "cnpg_pg_stat_database_xact_commit",
            "cnpg_pg_stat_database_xact_rollback",
            "barman_cloud_cloudnative_pg_io_last_available_backup_timestamp",
            "barman_cloud_cloudnative_pg_io_last_failed_backup_timestamp",
        }
    ),
    ports=(METRICS_PORT, POOLER_METRICS_PORT),
    registries=("ghcr.io/cloudnative-pg",),
    kinds=KINDS,
)
