"""PostgreSQL on CloudNativePG: the cluster, its poolers, its backups and its monitoring."""

from components.stores.postgres.args import (
    METRICS_PORT,
    POOLER_METRICS_PORT,
    PORT,
    BackupArgs,
    BackupTarget,
    DatabaseArgs,
    Login,
    PoolerArgs,
    Recovery,
    ReplicationArgs,
)
from components.stores.postgres.component import Database, DatabaseLogins
from components.stores.postgres.parameters import PostgresParameters

__all__ = [
    "METRICS_PORT",
    "POOLER_METRICS_PORT",
    "PORT",
    "BackupArgs",
    "BackupTarget",
    "Database",
    "DatabaseArgs",
    "DatabaseLogins",
    "Login",
    "PoolerArgs",
    "PostgresParameters",
    "Recovery",
    "ReplicationArgs",
]
