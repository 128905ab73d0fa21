"""Object storage as a store of a system: MinIO, or S3, with a bucket for its files and one for each backup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import pulumi

from components.kubernetes.footprint import ContainerResources, Footprint
from components.kubernetes.needs import NEEDS
from components.kubernetes.network import Flow, Peer
from components.platform.credentials import SecretBundle, SecretBundleArgs
from components.stores.backups import AUTHORITY_KEY, AUTHORITY_SECRET, BackupBucket, BackupTarget, CloudBackups
from components.stores.base import Provider, Site, Store, StoreContext, StorePlan, StoreSettings
from components.stores.buckets.buckets import Bucket, BucketAccess, Buckets, BucketsArgs, BucketUser
from components.stores.buckets.component import ObjectStorage, ObjectStorageArgs
from components.stores.buckets.facts import FACTS, PORT
from components.stores.buckets.inputs import S3, ObjectStorageFigures, S3Bucket
from components.stores.facts import StoreFacts
from components.workload.args import SecretKey

_MINIO, _BUCKETS = "minio", "minio-buckets"
# Of MinIO's own master, which no service sees.
_ROOT, _ROOT_SECRET = "minio-root-password", "minio-secret"
_ACCESS_KEY, _SECRET_KEY = "minio-access-key", "minio-secret-key"
# The keys in the system's Secret.
_KEYS = {"MINIO_ACCESS_KEY": _ACCESS_KEY, "MINIO_SECRET_KEY": _SECRET_KEY}
# What a client of an endpoint trusts whose certificate not everybody does: PEM.
_AUTHORITY = {"OBJECT_STORAGE_AUTHORITY": SecretKey(secret=AUTHORITY_SECRET, key=AUTHORITY_KEY)}
# MinIO's default, and what it takes of any client.
_MINIO_REGION = "us-east-1"
# No document gives any; MinIO's own minimum for production is two cores and 2 GiB.
_RESOURCES = ContainerResources.of("250m", "2", "512Mi", "2Gi")


def _is_s3(value: Any) -> bool:
    return value is not None and value.kind == "s3"


@dataclass(frozen=True, kw_only=True)
class Files(Store):
    """A `bucket` for the application's files, where the environment does not name one of its own.

    Without one there is object storage for the backups of other stores alone.
    """

    facts: ClassVar[StoreFacts] = FACTS

    bucket: str | None = None

    def keys_unless_role(self, value: Any) -> Mapping[str, str]:
        """Those of the files' bucket."""
        if self.bucket is None:
            return {}
        by_role = _is_s3(value) and (value.files is None or value.files.role_arn)
        return {} if by_role else _KEYS

    def credentials(self, settings: StoreSettings) -> Mapping[str, str]:
        """Of each bucket that no role opens the user's, and those of MinIO's master."""
        named = [*self.keys_unless_role(settings.value).values()]
        if _is_s3(settings.value):
            if not settings.value.backups.role_arn:
                named += [key for one in settings.backups for key in (one.access_key, one.secret_key)]
        else:
            # The user's name is no secret; and a bucket that was made with the cluster is entered by role.
            own = () if settings.cloud else settings.backups
            named += [*([_ROOT] if own or self.bucket else []), *(one.secret_key for one in own)]
        return {name: name for name in named}

    def names(self, system: str) -> Sequence[str]:
        """MinIO's Services, and the Job that makes its buckets."""
        return [_MINIO, f"{_MINIO}-headless", _BUCKETS, AUTHORITY_SECRET]

    def problems(self, title: str, value: Any) -> Iterable[tuple[tuple[str, ...], str]]:
        """A bucket of S3 for files that the system does not keep, or none for those that it keeps."""
        if not isinstance(value, Mapping) or value.get("kind") != "s3":
            return
        if self.bucket and value.get("files") is None:
            yield ("files",), "missing; this key must be set: the system keeps files"
        if not self.bucket and value.get("files") is not None:
            yield ("files",), f"{title} keeps no files; remove it"

    def plan(self, context: StoreContext) -> FilesPlan:
        """All buckets, as the environment says."""
        if _is_s3(context.settings.value):
            return self._s3(context, context.settings.value)
        return self._minio(context)

    def _keys(self, context: StoreContext) -> Mapping[str, SecretKey]:
        keys = self.keys_unless_role(context.settings.value)
        return {key: SecretKey(secret=context.secret, key=key) for key in keys}

    def _s3(self, context: StoreContext, config: S3) -> FilesPlan:
        flow, wanted = NEEDS["object storage"].to(config.endpoint or ""), context.settings.backups
        role = config.backups.role_arn
        return FilesPlan(
            files=_s3_files(config, config.files, flow) if config.files else None,
            keys={**self._keys(context), **(_AUTHORITY if config.authority else {})},
            backups={one.name: _s3_target(context, config, one, flow) for one in wanted},
            secrets={
                **({} if role else {one.resource: _s3_secret(context, one) for one in wanted}),
                **({"storage-authority": _authority(context, config.authority)} if config.authority else {}),
            },
        )

    def _minio(self, context: StoreContext) -> FilesPlan:
        scope, wanted = context.scope, context.settings.backups
        endpoint = f"http://{scope.host(_MINIO)}:{PORT}"
        flow = Flow(peer=Peer(pods=scope.selector(_MINIO)), ports=(PORT,))
        backups = {one.name: _minio_target(context, one, endpoint, flow) for one in wanted}
        buckets = self._buckets(context)
        if not buckets:
            return FilesPlan(backups=backups)
        own = self.bucket
        return FilesPlan(
            files=BucketAccess(bucket=own, endpoint=endpoint, region=_MINIO_REGION, flow=flow) if own else None,
            keys=self._keys(context),
            backups=backups,
            minio=_servers(context),
            buckets=BucketsArgs(
                scope=scope,
                name=_BUCKETS,
                buckets=buckets,
                endpoint=endpoint,
                root_secret=_ROOT_SECRET,
                flow=flow,
                store=context.external,
            ),
        )

    def _buckets(self, context: StoreContext) -> tuple[Bucket, ...]:
        """Each with a user who may enter no other: an instance that is broken into reads no backup."""
        credentials, buckets = context.credentials, list[Bucket]()
        if self.bucket:
            access, secret = credentials[_ACCESS_KEY], credentials[_SECRET_KEY]
            user = BucketUser(access_key=access, secret_key=secret, secret_name="minio-files-secret")
            buckets.append(Bucket(name=self.bucket, user=user))
        for one in () if context.settings.cloud else context.settings.backups:
            writer = BucketUser(
                access_key=one.user,
                secret_key=credentials[one.secret_key],
                secret_name=one.secret_name,
                labels=one.labels,
                protect=context.protect,
            )
            buckets.append(Bucket(name=one.name, user=writer))
        return tuple(buckets)


def _s3_files(config: S3, files: S3Bucket, flow: Flow) -> BucketAccess:
    return BucketAccess(
        bucket=files.bucket,
        endpoint=config.url(files),
        region=config.region_of(files),
        flow=flow,
        role_arn=files.role_arn,
    )


def _s3_target(context: StoreContext, config: S3, wanted: BackupBucket, flow: Flow) -> BackupTarget:
    role = config.backups.role_arn
    # The clusters of a fleet have one file, and databases of the same names.
    folders = (config.backups.prefix, context.settings.member)
    return BackupTarget(
        bucket=config.backups.bucket,
        flow=flow,
        endpoint=config.endpoint,
        region=config.region_of(config.backups),
        prefix="".join(f"{one}/" for one in folders if one),
        secret_name=None if role else wanted.secret_name,
        role_arn=role,
        kms_key=config.backups.kms_key,
        authority=config.authority,
    )


def _authority(context: StoreContext, certificates: str) -> SecretBundleArgs:
    """Nothing secret, and a Secret all the same: Barman's plugin reads it from no other kind of object."""
    return SecretBundleArgs(
        scope=context.scope,
        secret_name=AUTHORITY_SECRET,
        component=AUTHORITY_SECRET,
        plain={AUTHORITY_KEY: certificates},
        secret={},
        # No store has it: the environment's file says it.
        store=None,
        labels={key: value for one in context.settings.backups for key, value in one.labels.items()},
    )


def _s3_secret(context: StoreContext, wanted: BackupBucket) -> SecretBundleArgs:
    credentials = context.credentials
    return SecretBundleArgs(
        scope=context.scope,
        secret_name=wanted.secret_name,
        component=wanted.component,
        plain={},
        secret={"accessKey": credentials[wanted.access_key], "secretKey": credentials[wanted.secret_key]},
        store=context.external,
        labels=wanted.labels,
        protect=context.protect,
    )


def _minio_target(context: StoreContext, wanted: BackupBucket, endpoint: str, flow: Flow) -> BackupTarget:
    """The bucket that was made with the cluster, where there is one: it outlives the cluster, and MinIO does not."""
    cloud: CloudBackups | None = context.settings.cloud
    if cloud is None:
        own = BackupTarget(bucket=wanted.name, endpoint=endpoint, secret_name=wanted.secret_name, flow=flow)
        return replace(own, elsewhere=False)
    return BackupTarget(
        bucket=cloud.bucket,
        region=cloud.region,
        prefix=f"{context.scope.system}/",
        pod_identity=True,
        flow=NEEDS["cloud backups"].flow,
    )


def _servers(context: StoreContext) -> ObjectStorageArgs:
    """MinIO, for the services, for whoever writes backups, and for what makes the buckets."""
    figures: ObjectStorageFigures = context.figures
    writers = [pods for one in context.settings.backups for pods in one.pods]
    return ObjectStorageArgs(
        scope=context.scope,
        name=_MINIO,
        secret_name=_ROOT_SECRET,
        root_password=context.credentials[_ROOT],
        store=context.external,
        servers=figures.servers,
        resources=_RESOURCES,
        storage=figures.storage,
        storage_class=context.storage_class,
        zones_required=context.zones_required,
        protect=context.protect,
        clients=(*context.clients, *writers, context.scope.selector(_BUCKETS)),
        monitoring=context.monitoring,
    )


@dataclass(frozen=True, kw_only=True)
class FilesPlan(StorePlan):
    """What keeps objects, and how it is used.

    `files` is None where the system keeps none, `minio` and `buckets` where they are not the cluster's affair. `keys`
    are those of the files' bucket, `backups` where each wanted bucket is, by its name. `secrets` are those of a storage
    that others keep, by the end of each one's logical name.
    """

    files: BucketAccess | None = None
    keys: Mapping[str, SecretKey] = field(default_factory=dict)
    backups: Mapping[str, BackupTarget] = field(default_factory=dict)
    minio: ObjectStorageArgs | None = None
    buckets: BucketsArgs | None = None
    secrets: Mapping[str, SecretBundleArgs] = field(default_factory=dict)

    def footprints(self) -> Sequence[Footprint]:
        """MinIO's servers, and the Job that makes the buckets."""
        return [one.footprint() for one in (self.minio, self.buckets) if one]

    def containers(self) -> Sequence[ContainerResources]:
        """MinIO's server."""
        return [self.minio.resources] if self.minio else []

    def settings(self) -> Mapping[str, str]:
        """Where the files' bucket is."""
        return self.files.settings() if self.files else {}

    def provider(self) -> Provider | None:
        """The files' bucket; its keys, where no role opens it."""
        if self.files is None:
            return None
        annotations = self.files.service_account_annotations
        return Provider(flows=(self.files.flow,), secrets=self.keys, service_account_annotations=annotations)

    def register(self, site: Site) -> Sequence[pulumi.Resource]:
        """Whatever of it is the cluster's; all of it is what others wait for."""
        made: list[pulumi.Resource] = []
        if self.minio:
            made.append(ObjectStorage(f"{site.name}-minio", self.minio, site.opts))
        if self.buckets:
            made.append(Buckets(f"{site.name}-buckets", self.buckets, site.after(*made)))
        secrets = [SecretBundle(f"{site.name}-{end}", one, site.opts) for end, one in self.secrets.items()]
        return [*made, *secrets]
