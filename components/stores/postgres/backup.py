"""Backups: base backups and WAL by the Barman Cloud plugin, and the logical dump of every night (section 6.1)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from components.kubernetes.identity import role_annotations
from components.kubernetes.needs import DNS
from components.kubernetes.network import Flow, Peer
from components.stores.backups import AUTHORITY_KEY, BackupTarget
from components.stores.postgres.archiver import COMPRESSION
from components.stores.postgres.args import PORT, DatabaseArgs
from components.workload.args import SecretKey
from components.workload.job import ScriptJobArgs, WorkVolume, script
from versions import BARMAN_CLOUD_PLUGIN, POSTGRESQL_TOOLS_IMAGE


def object_store_spec(args: DatabaseArgs, target: BackupTarget) -> dict[str, Any]:
    """The `spec` of the ObjectStore: where, with which credentials, and for how long."""
    data: dict[str, Any] = {"compression": COMPRESSION}
    wal: dict[str, Any] = {"compression": COMPRESSION, "maxParallel": args.backup.wal_parallel}
    if target.kms_key:
        # The plugin has no field for the key: both of Barman's programs take it as an argument (barman 3.19.1,
        # clients/cloud_backup.py and clients/cloud_walarchive.py), and refuse it without the encryption.
        key = [f"--sse-kms-key-id={target.kms_key}"]
        data |= {"encryption": _KMS, "additionalCommandArgs": key}
        wal |= {"encryption": _KMS, "archiveAdditionalCommandArgs": key}
    return {
        "configuration": {
            "destinationPath": f"s3://{target.bucket}/{target.prefix}base",
            "s3Credentials": _credentials(target),
            "data": data,
            "wal": wal,
            **_endpoint(target),
        },
        "retentionPolicy": f"{args.backup.retention_days}d",
        "instanceSidecarConfiguration": {
            "env": [{"name": name, "value": value} for name, value in client_environment(target).items()],
            "resources": args.backup.archiver.as_requirements(),
        },
    }


def client_environment(target: BackupTarget) -> dict[str, str]:
    """What AWS' SDK for Python is told of the storage, in Barman and in the dump.

    It signs for the region that it is told: EKS tells a pod the cluster's, and without any it takes AWS' first. Other
    services need not know the checksums that it adds since version 1.36, and some refuse them
    (https://github.com/boto/boto3/issues/4392); AWS and MinIO check them.
    """
    asked = {"AWS_REQUEST_CHECKSUM_CALCULATION": "when_required", "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required"}
    return {"AWS_DEFAULT_REGION": target.region, **(asked if target.endpoint and target.elsewhere else {})}


def _endpoint(target: BackupTarget) -> dict[str, Any]:
    authority = {"endpointCA": {"name": target.authority_secret, "key": AUTHORITY_KEY}} if target.authority else {}
    return {**({"endpointURL": target.endpoint} if target.endpoint else {}), **authority}


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


def snapshot_schedule_spec(args: DatabaseArgs) -> dict[str, Any]:
    """The `spec` of the ScheduledBackup of the volumes: while they are in use, of a replica where there is one."""
    return {
        "cluster": {"name": args.cluster_name},
        "schedule": args.backup.snapshot_schedule,
        "method": "volumeSnapshot",
        "target": "prefer-standby",
        "backupOwnerReference": "none",
    }


def _credentials(target: BackupTarget) -> dict[str, Any]:
    if target.by_role:
        return {"inheritFromIAMRole": True}
    name = target.secret_name
    return {
        "accessKeyId": {"name": name, "key": "accessKey"},
        "secretAccessKey": {"name": name, "key": "secretKey"},
    }


# Said without a key it would mean AWS' own key of the account, in place of the key that the bucket names: weaker than
# to say nothing (https://docs.aws.amazon.com/AmazonS3/latest/userguide/specifying-kms-encryption.html).
_KMS = "aws:kms"
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
        scripts=script(_SCRIPTS / "dump.py") | ({AUTHORITY_KEY: target.authority} if target.authority else {}),
        environment=_environment(args),
        secrets=_secrets(args),
        resources=backup.dump_resources,
        egress=(primary, DNS, *target.flows),
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
        **client_environment(target),
        **({"AWS_ENDPOINT_URL_S3": target.endpoint} if target.endpoint else {}),
        **({"AWS_CA_BUNDLE": f"/scripts/{AUTHORITY_KEY}"} if target.authority else {}),
        **({"BACKUP_KMS_KEY": target.kms_key} if target.kms_key else {}),
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
