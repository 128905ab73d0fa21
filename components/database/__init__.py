"""PostgreSQL on CloudNativePG: the cluster, its poolers, its backups and its monitoring."""

from components.database.args import (
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
from components.database.component import Database
from components.database.logins import DatabaseLogins
from components.database.parameters import PostgresParameters

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
