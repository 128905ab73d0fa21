"""The platform's object storage: MinIO of section 1.2, or S3, with one bucket for files and one for backups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.bucket_access import BucketAccess
from components.buckets import Bucket, BucketsArgs, BucketUser
from components.credentials import Credential, SecretBundleArgs
from components.database import BackupTarget
from components.footprint import ContainerResources
from components.naming import Scope
from components.network import INTERNET_HTTPS, Flow, Peer
from components.object_storage import PORT, ObjectStorageArgs
from stacks.composition import PROMETHEUS, Provider, clients
from stacks.object_storage import S3, Minio
from stacks.services import Service
from stacks.systems.base import SystemArgs

_NAME = "minio"
_ROOT_SECRET = "minio-secret"
_BUCKETS = "minio-buckets"
_FILES_BUCKET = "astrbot-files"
# Section 6.1 names the bucket.
_BACKUP_BUCKET = "saas-platform-backups"
_BACKUP_SECRET = "postgresql-backup-secret"
# MinIO's default, and what it takes of any client.
_MINIO_REGION = "us-east-1"
# The document gives none; MinIO's own minimum for production is two cores and 2 GiB.
_RESOURCES = ContainerResources.of("250m", "2", "512Mi", "2Gi")


@dataclass(frozen=True, kw_only=True)
class Storage:
    """What keeps objects (`minio` and `buckets` None where that is not the cluster's affair), and how it is used."""

    files: BucketAccess
    backups: BackupTarget
    minio: ObjectStorageArgs | None = None
    buckets: BucketsArgs | None = None
    backup_secret: SecretBundleArgs | None = None

    @property
    def provider(self) -> Provider:
        """The bucket of the files, for the services that use it."""
        annotations = self.files.service_account_annotations
        return Provider(flows=(self.files.flow,), service_account_annotations=annotations)


def storage(
    config: Minio | S3,
    args: SystemArgs,
    scope: Scope,
    services: Sequence[Service],
    *,
    secrets: Mapping[str, Credential],
    clusters: Sequence[str],
) -> Storage:
    """Both buckets, as the environment says, for the services and the database's `clusters`."""
    if isinstance(config, S3):
        return _s3(config, args, scope, secrets)
    pods = (*clients(scope, services, "object_storage"), *_data_pods(scope, clusters))
    return _minio(args, scope, pods, secrets)


def _s3(config: S3, args: SystemArgs, scope: Scope, secrets: Mapping[str, Credential]) -> Storage:
    flow = Flow(peer=INTERNET_HTTPS.peer, ports=(config.port,))
    role = config.backups.role_arn
    files = BucketAccess(
        bucket=config.files.bucket,
        endpoint=config.url,
        region=config.region,
        flow=flow,
        role_arn=config.files.role_arn,
    )
    backups = BackupTarget(
        bucket=config.backups.bucket,
        flow=flow,
        endpoint=config.endpoint,
        region=config.region,
        secret_name=None if role else _BACKUP_SECRET,
        role_arn=role,
    )
    keys = {"accessKey": "BACKUP_ACCESS_KEY", "secretKey": "BACKUP_SECRET_KEY"}
    secret = SecretBundleArgs(
        scope=scope,
        secret_name=_BACKUP_SECRET,
        component="postgresql-backup",
        plain={},
        secret={key: secrets[name] for key, name in keys.items() if name in secrets},
        store=args.store,
    )
    return Storage(files=files, backups=backups, backup_secret=None if role else secret)


def _minio(
    args: SystemArgs, scope: Scope, pods: Sequence[Mapping[str, str]], secrets: Mapping[str, Credential]
) -> Storage:
    endpoint = f"http://{scope.host(_NAME)}:{PORT}"
    cloud = _cloud(args, scope)
    flow = Flow(peer=Peer(pods=scope.selector(_NAME)), ports=(PORT,))
    return Storage(
        files=BucketAccess(bucket=_FILES_BUCKET, endpoint=endpoint, region=_MINIO_REGION, flow=flow),
        backups=cloud or BackupTarget(bucket=_BACKUP_BUCKET, endpoint=endpoint, secret_name=_BACKUP_SECRET, flow=flow),
        minio=_servers(args, scope, pods, secrets["MINIO_ROOT_PASSWORD"]),
        buckets=BucketsArgs(
            scope=scope,
            name=_BUCKETS,
            buckets=_buckets(secrets, own_backups=cloud is None),
            endpoint=endpoint,
            root_secret=_ROOT_SECRET,
            flow=flow,
            store=args.store,
        ),
    )


def _servers(
    args: SystemArgs, scope: Scope, pods: Sequence[Mapping[str, str]], password: Credential
) -> ObjectStorageArgs:
    tier = args.tier.object_storage
    return ObjectStorageArgs(
        scope=scope,
        name=_NAME,
        secret_name=_ROOT_SECRET,
        root_password=password,
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


def _cloud(args: SystemArgs, scope: Scope) -> BackupTarget | None:
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


def _buckets(secrets: Mapping[str, Credential], *, own_backups: bool) -> tuple[Bucket, ...]:
    """Each with a user who may enter no other: an instance that is broken into reads no backup."""
    files = BucketUser(
        access_key=secrets["MINIO_ACCESS_KEY"], secret_key=secrets["MINIO_SECRET_KEY"], secret_name="minio-files-secret"
    )
    bucket = Bucket(name=_FILES_BUCKET, user=files)
    if not own_backups:
        return (bucket,)
    backups = BucketUser(access_key="barman", secret_key=secrets["BACKUP_SECRET_KEY"], secret_name=_BACKUP_SECRET)
    return bucket, Bucket(name=_BACKUP_BUCKET, user=backups)


def _data_pods(scope: Scope, clusters: Sequence[str]) -> tuple[dict[str, str], ...]:
    """Those of the data tier that use the object storage: the databases, their dump, and what makes the buckets."""
    pods = tuple({"cnpg.io/cluster": name} for name in clusters)
    return (*pods, scope.selector("postgresql-backup"), scope.selector(_BUCKETS))
