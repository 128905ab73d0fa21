"""Base backups and WAL archiving by the Barman Cloud plugin of CloudNativePG."""

from __future__ import annotations

from typing import Any

from components.database.args import ARCHIVER, BackupTarget, DatabaseArgs
from versions import BARMAN_CLOUD_PLUGIN


def object_store_spec(args: DatabaseArgs, target: BackupTarget) -> dict[str, Any]:
    """The `spec` of the ObjectStore: where, with which credentials, and for how long."""
    configuration = {
        "destinationPath": f"s3://{target.bucket}/{target.prefix}base",
        "s3Credentials": _credentials(target),
        # gzip: the plugin's images have no other that both data and WAL know.
        "data": {"compression": "gzip", "jobs": 2} | _encryption(target),
        "wal": {"compression": "gzip", "maxParallel": 2} | _encryption(target),
    }
    return {
        "configuration": configuration | ({"endpointURL": target.endpoint} if target.endpoint else {}),
        "retentionPolicy": f"{args.backup.retention_days}d",
        "instanceSidecarConfiguration": {"resources": ARCHIVER.as_requirements()},
    }


def scheduled_backup_spec(args: DatabaseArgs) -> dict[str, Any]:
    """The `spec` of the ScheduledBackup: from a replica where there is one, so that the primary's disk stays free."""
    return {
        "cluster": {"name": args.cluster_name},
        "schedule": args.backup.schedule,
        "method": "plugin",
        "pluginConfiguration": {"name": BARMAN_CLOUD_PLUGIN},
        "target": "prefer-standby",
        # Backups outlive the schedule that made them.
        "backupOwnerReference": "none",
        # Without a first base backup, the archived WAL restores nothing.
        "immediate": True,
    }


def _credentials(target: BackupTarget) -> dict[str, Any]:
    if target.by_role:
        return {"inheritFromIAMRole": True}
    name = target.secret_name
    return {
        "accessKeyId": {"name": name, "key": "accessKey"},
        "secretAccessKey": {"name": name, "key": "secretKey"},
    }


def _encryption(target: BackupTarget) -> dict[str, str]:
    return {"encryption": "aws:kms"} if target.by_role else {}
