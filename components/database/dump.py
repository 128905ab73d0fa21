"""The logical dump of every night, section 6.1: independent of the server's version and of its physical backups."""

from __future__ import annotations

from pathlib import Path

from components.application.args import SecretKey
from components.database.args import PORT, DatabaseArgs
from components.network import DNS, Flow, Peer
from components.object_storage.access import role_annotations
from components.script_job import ScriptJobArgs, WorkVolume, script
from versions import POSTGRESQL_TOOLS_IMAGE

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
