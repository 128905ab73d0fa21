"""Backups: base backups and WAL by the Barman Cloud plugin, and the logical dump of every night (section 6.1)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from components.kubernetes.network import DNS, Flow, Peer
from components.stores.backups import BackupTarget
from components.stores.buckets.buckets import role_annotations
from components.stores.postgres.args import ARCHIVER, PORT, DatabaseArgs
from components.workload.args import SecretKey
from components.workload.job import ScriptJobArgs, WorkVolume, script
from versions import BARMAN_CLOUD_PLUGIN, POSTGRESQL_TOOLS_IMAGE


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


_SCRIPTS = Path(__file__).parent / "scripts"


def dump_args(args: DatabaseArgs) -> ScriptJobArgs:
    """The CronJob `postgresql-backup`: dump, check, upload, prune."""
    target, backup = args.backup.target, args.backup
    primary = Flow(peer=Peer(pods=args.cluster_pods), ports=(PORT,))
    return ScriptJobArgs(
        scope=args.scope,
        name=args.dump_name,
        image=POSTGRESQL_TOOLS_IMAGE,
        command=("python3", "/scripts/dump.py", "dump"),
        scripts=script(_SCRIPTS / "dump.py"),
        environment=_environment(args),
        secrets=_secrets(args),
        resources=backup.dump_resources,
        egress=(primary, DNS, target.flow),
        schedule=backup.dump_schedule,
        # Half a day: the next run would otherwise find it still at work.
        deadline=12 * 3600,
        work=WorkVolume(size=backup.dump_space, storage_class=args.storage_class),
        service_account_annotations=role_annotations(target.role_arn),
    )


def _environment(args: DatabaseArgs) -> dict[str, str]:
    target = args.backup.target
    return {
        "PGHOST": args.direct_host,
        "PGPORT": str(PORT),
        "PGDATABASE": args.database,
        "PGSSLMODE": "require",
        "PGCONNECT_TIMEOUT": "10",
        "BACKUP_BUCKET": target.bucket,
        "BACKUP_PREFIX": f"{target.prefix}postgresql/",
        "BACKUP_RETENTION_DAYS": str(args.backup.dump_retention_days),
        "BACKUP_DIRECTORY": "/work",
        "AWS_DEFAULT_REGION": target.region,
        **({"AWS_ENDPOINT_URL_S3": target.endpoint} if target.endpoint else {}),
    }


def _secrets(args: DatabaseArgs) -> dict[str, SecretKey]:
    login = {
        "PGUSER": SecretKey(secret=args.owner.secret_name, key="username"),
        "PGPASSWORD": SecretKey(secret=args.owner.secret_name, key="password"),
    }
    secret_name = args.backup.target.secret_name
    if secret_name is None:
        return login
    keys = {"AWS_ACCESS_KEY_ID": "accessKey", "AWS_SECRET_ACCESS_KEY": "secretKey"}
    return login | {name: SecretKey(secret=secret_name, key=key) for name, key in keys.items()}
