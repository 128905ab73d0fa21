"""The object storage of a system: MinIO, or S3, with a bucket for its files and one for its database's backups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.kubernetes.footprint import ContainerResources
from components.kubernetes.naming import Scope
from components.kubernetes.network import INTERNET_HTTPS, Flow, Peer
from components.platform.credentials import SecretBundleArgs
from components.stores.buckets.buckets import Bucket, BucketAccess, BucketsArgs, BucketUser
from components.stores.buckets.component import ObjectStorageArgs
from components.stores.buckets.facts import PORT
from components.stores.postgres.args import BackupTarget
from components.workload.args import SecretKey
from stacks.schema.object_storage import S3, S3Bucket
from stacks.system.credentials import (
    BACKUP_ACCESS_KEY,
    BACKUP_SECRET_KEY,
    FILES_ACCESS_KEY,
    FILES_SECRET_KEY,
    MINIO_ROOT,
)
from stacks.system.declaration import FILES_CREDENTIALS, Declaration
from stacks.system.environment_context import EnvironmentContext
from stacks.system.flows import PROMETHEUS, Provider, clients
from stacks.system.names import BUCKETS, MINIO
from stacks.system.system_context import SystemContext

_ROOT_SECRET = "minio-secret"
_BACKUP_SECRET = "postgresql-backup-secret"
# MinIO's default, and what it takes of any client.
_MINIO_REGION = "us-east-1"
# No document gives any; MinIO's own minimum for production is two cores and 2 GiB.
_RESOURCES = ContainerResources.of("250m", "2", "512Mi", "2Gi")


@dataclass(frozen=True, kw_only=True)
class Storage:
    """What keeps objects, and how it is used.

    `minio` and `buckets` are None where that is not the cluster's affair, `files` and `backups` where the system has
    none.
    """

    files: BucketAccess | None = None
    backups: BackupTarget | None = None
    minio: ObjectStorageArgs | None = None
    buckets: BucketsArgs | None = None
    backup_secret: SecretBundleArgs | None = None


def files_provider(files: BucketAccess, bundle: Sequence[str], secret: str) -> Provider:
    """The bucket of the files, for the services that use it; its keys, where the system's `secret` has them."""
    return Provider(
        flows=(files.flow,),
        secrets={key: SecretKey(secret=secret, key=key) for key in FILES_CREDENTIALS if key in bundle},
        service_account_annotations=files.service_account_annotations,
    )


def storage(system: SystemContext, clusters: Sequence[str]) -> Storage:
    """Both buckets, as the environment says, for the services and the database's `clusters`."""
    if not system.declaration.keeps_objects:
        return Storage()
    if isinstance(system.config.object_storage, S3):
        return _s3(system, system.config.object_storage)
    services = clients(system.scope, system.everyone, "object_storage")
    return _minio(system, (*services, *_data_pods(system, clusters)))


def _s3(system: SystemContext, config: S3) -> Storage:
    flow = Flow(peer=INTERNET_HTTPS.peer, ports=(config.port,))
    files = _s3_files(config, config.files, flow) if config.files else None
    if system.declaration.database is None:
        return Storage(files=files)
    role = config.backups.role_arn
    backups = BackupTarget(
        bucket=config.backups.bucket,
        flow=flow,
        endpoint=config.endpoint,
        region=config.region,
        secret_name=None if role else _BACKUP_SECRET,
        role_arn=role,
    )
    if role:
        return Storage(files=files, backups=backups)
    credentials = system.credentials
    secret = SecretBundleArgs(
        scope=system.scope,
        secret_name=_BACKUP_SECRET,
        component="postgresql-backup",
        plain={},
        secret={"accessKey": credentials[BACKUP_ACCESS_KEY], "secretKey": credentials[BACKUP_SECRET_KEY]},
        store=system.args.store,
        protect=system.args.tier.protect_data,
    )
    return Storage(files=files, backups=backups, backup_secret=secret)


def _s3_files(config: S3, files: S3Bucket, flow: Flow) -> BucketAccess:
    return BucketAccess(
        bucket=files.bucket, endpoint=config.url, region=config.region, flow=flow, role_arn=files.role_arn
    )


def _minio(system: SystemContext, pods: Sequence[Mapping[str, str]]) -> Storage:
    declaration, args, scope = system.declaration, system.args, system.scope
    endpoint = f"http://{scope.host(MINIO)}:{PORT}"
    flow = Flow(peer=Peer(pods=scope.selector(MINIO)), ports=(PORT,))
    cloud = _cloud(args, scope) if declaration.database else None
    buckets = _buckets(system, own_backups=cloud is None)
    if not buckets:
        return Storage(backups=cloud)
    own = BackupTarget(bucket=_backup_bucket(declaration), endpoint=endpoint, secret_name=_BACKUP_SECRET, flow=flow)
    need = declaration.files
    files = BucketAccess(bucket=need.bucket, endpoint=endpoint, region=_MINIO_REGION, flow=flow) if need else None
    return Storage(
        files=files,
        backups=(cloud or own) if declaration.database else None,
        minio=_servers(system, pods),
        buckets=BucketsArgs(
            scope=scope,
            name=BUCKETS,
            buckets=buckets,
            endpoint=endpoint,
            root_secret=_ROOT_SECRET,
            flow=flow,
            store=args.store,
        ),
    )


def _servers(system: SystemContext, pods: Sequence[Mapping[str, str]]) -> ObjectStorageArgs:
    args, scope = system.args, system.scope
    tier = args.tier.object_storage
    return ObjectStorageArgs(
        scope=scope,
        name=MINIO,
        secret_name=_ROOT_SECRET,
        root_password=system.credentials[MINIO_ROOT],
        store=args.store,
        servers=tier.servers,
        resources=_RESOURCES,
        storage=tier.storage,
        storage_class=args.tier.storage_class,
        zones_required=args.tier.zones_required,
        protect=args.tier.protect_data,
        clients=pods,
        monitoring=PROMETHEUS,
    )


def _cloud(args: EnvironmentContext, scope: Scope) -> BackupTarget | None:
    """The bucket that was made with the cluster, where there is one: it outlives the cluster, and MinIO does not."""
    if args.backups is None:
        return None
    return BackupTarget(
        bucket=args.backups.bucket,
        region=args.backups.region,
        prefix=f"{scope.system}/",
        pod_identity=True,
        flow=INTERNET_HTTPS,
    )


def _buckets(system: SystemContext, *, own_backups: bool) -> tuple[Bucket, ...]:
    """Each with a user who may enter no other: an instance that is broken into reads no backup."""
    declaration, credentials, buckets = system.declaration, system.credentials, list[Bucket]()
    if declaration.files:
        access, secret = credentials[FILES_ACCESS_KEY], credentials[FILES_SECRET_KEY]
        user = BucketUser(access_key=access, secret_key=secret, secret_name="minio-files-secret")
        buckets.append(Bucket(name=declaration.files.bucket, user=user))
    if declaration.database and own_backups:
        barman = BucketUser(
            access_key="barman",
            secret_key=credentials[BACKUP_SECRET_KEY],
            secret_name=_BACKUP_SECRET,
            protect=system.args.tier.protect_data,
        )
        buckets.append(Bucket(name=_backup_bucket(declaration), user=barman))
    return tuple(buckets)


def _backup_bucket(declaration: Declaration) -> str:
    named = declaration.database.backup_bucket if declaration.database else None
    return named or f"{declaration.name}-backups"


def _data_pods(system: SystemContext, clusters: Sequence[str]) -> tuple[dict[str, str], ...]:
    """Those of the data tier that use the object storage: the databases, their dump, and what makes the buckets."""
    scope = system.scope
    database = [{"cnpg.io/cluster": name} for name in clusters] + [scope.selector("postgresql-backup")]
    return (*(database if system.declaration.database else ()), scope.selector(BUCKETS))
