"""Buckets: how pods use them, whoever keeps them, and those of a storage in the cluster, with policy and user."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pulumi

from components.kubernetes.footprint import ContainerResources, Footprint
from components.kubernetes.identity import role_annotations
from components.kubernetes.naming import Scope
from components.kubernetes.needs import DNS
from components.kubernetes.network import Flow
from components.kubernetes.quantity import Bytes
from components.platform.credentials import Credential, ExternalStore, SecretBundle, SecretBundleArgs
from components.workload.args import SecretKey
from components.workload.job import ScriptJob, ScriptJobArgs, script
from versions import MINIO_CLIENT_IMAGE

_SCRIPT = Path(__file__).parent / "scripts" / "buckets.sh"
_RESOURCES = ContainerResources.of("100m", "500m", "64Mi", "256Mi")


@dataclass(frozen=True, kw_only=True)
class BucketUser:
    """A user of one bucket; its Secret `secret_name` has the keys `accessKey` and `secretKey`.

    `labels` are the Secret's beside the program's own. With `protect` it is kept from deletion, as the data is that
    comes back with it alone.
    """

    access_key: str | Credential
    secret_key: Credential
    secret_name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    protect: bool = False


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """A bucket, and the user who may read and write in it and nowhere else (None: only the root user)."""

    name: str
    user: BucketUser | None = None


@dataclass(frozen=True, kw_only=True)
class BucketsArgs:
    """`buckets` at the storage `endpoint` (URL), which `flow` leads to; `root_secret` has rootUser and rootPassword."""

    scope: Scope
    name: str
    buckets: Sequence[Bucket]
    endpoint: str
    root_secret: str
    flow: Flow
    store: ExternalStore | None

    @property
    def selector(self) -> dict[str, str]:
        """The label selector of the pod that makes them."""
        return self.scope.selector(self.name)

    def footprint(self) -> Footprint:
        """One pod."""
        return Footprint.of(1, _RESOURCES)


class Buckets(pulumi.ComponentResource):
    """Buckets, policies and users, made by a Job that runs again with every change of them. Outputs: none."""

    def __init__(self, name: str, args: BucketsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:object_storage:Buckets", name, {}, opts)
        self._name, self._args = name, args
        secrets = [self._secret(user) for user in _users(args)]
        ScriptJob(name, _job(args), pulumi.ResourceOptions(parent=self, depends_on=secrets))
        self.register_outputs({})

    def _secret(self, user: BucketUser) -> SecretBundle:
        args = SecretBundleArgs(
            scope=self._args.scope,
            secret_name=user.secret_name,
            component=self._args.name,
            plain={"accessKey": user.access_key} if isinstance(user.access_key, str) else {},
            secret={
                **({"accessKey": user.access_key} if isinstance(user.access_key, Credential) else {}),
                "secretKey": user.secret_key,
            },
            store=self._args.store,
            labels=user.labels,
            protect=user.protect,
        )
        return SecretBundle(f"{self._name}-{user.secret_name}", args, pulumi.ResourceOptions(parent=self))


def bucket_policy(bucket: str) -> dict[str, object]:
    """What the user of a bucket may do: list it, and read, write and delete in it."""
    arn = f"arn:aws:s3:::{bucket}"
    objects = [
        "s3:GetObject",
        "s3:PutObject",
        "s3:DeleteObject",
        "s3:AbortMultipartUpload",
        "s3:ListMultipartUploadParts",
    ]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetBucketLocation"], "Resource": [arn]},
            {"Effect": "Allow", "Action": objects, "Resource": [f"{arn}/*"]},
        ],
    }


def _users(args: BucketsArgs) -> list[BucketUser]:
    return [bucket.user for bucket in args.buckets if bucket.user]


def _job(args: BucketsArgs) -> ScriptJobArgs:
    policies = {f"{one.name}.json": json.dumps(bucket_policy(one.name), indent=1) for one in args.buckets}
    return ScriptJobArgs(
        scope=args.scope,
        name=args.name,
        image=MINIO_CLIENT_IMAGE,
        command=("sh", "/scripts/buckets.sh"),
        scripts=script(_SCRIPT) | policies,
        resources=_RESOURCES,
        environment={"MINIO_ENDPOINT": args.endpoint, **_bucket_names(args)},
        secrets=_secrets(args),
        egress=(args.flow, DNS),
        deadline=600,
        retries=4,
    )


def _bucket_names(args: BucketsArgs) -> dict[str, str]:
    with_user = [bucket for bucket in args.buckets if bucket.user]
    return {f"USER_{number}_BUCKET": bucket.name for number, bucket in enumerate(with_user, start=1)}


def _secrets(args: BucketsArgs) -> Mapping[str, SecretKey]:
    found = {
        "MINIO_ROOT_USER": SecretKey(secret=args.root_secret, key="rootUser"),
        "MINIO_ROOT_PASSWORD": SecretKey(secret=args.root_secret, key="rootPassword"),
    }
    for number, user in enumerate(_users(args), start=1):
        found[f"USER_{number}"] = SecretKey(secret=user.secret_name, key="accessKey")
        found[f"USER_{number}_SECRET"] = SecretKey(secret=user.secret_name, key="secretKey")
    return found


@dataclass(frozen=True, kw_only=True)
class BucketAccess:
    """`bucket` at `endpoint` (URL) in `region`, reached by `flow`.

    With a `role_arn` pods get the IAM role by their service account; without, an access key by their Secret.
    """

    bucket: str
    endpoint: str
    region: str
    flow: Flow
    role_arn: str | None = None

    def settings(self) -> dict[str, str]:
        """The environment variables of whoever uses it, the same for every kind of storage."""
        return {
            "OBJECT_STORAGE_ENDPOINT": self.endpoint,
            "OBJECT_STORAGE_BUCKET": self.bucket,
            "OBJECT_STORAGE_REGION": self.region,
        }

    @property
    def service_account_annotations(self) -> Mapping[str, str]:
        """What ties a service account to the IAM role on EKS (IRSA)."""
        return role_annotations(self.role_arn)


# https://min.io/docs/minio/linux/operations/concepts/erasure-coding.html: sets are equally large, of up to 16 drives.
_SET_SIZES = range(4, 17)
ERASURE_SETS = "use 1, or 4 and more that divide into sets of 4 to 16"


def keeps_erasure_sets(servers: int) -> bool:
    """Whether MinIO starts with as many servers of a drive each: alone, or in sets that keep files when some fail."""
    return servers == 1 or any(servers % size == 0 for size in _SET_SIZES if servers > 0)


# https://min.io/docs/minio/linux/operations/concepts/erasure-coding.html: parity of a set unless told otherwise.
_PARITY = {1: 0, **dict.fromkeys((4, 5), 2), **dict.fromkeys((6, 7), 3)}
_MOST_PARITY = 4
# The alert MinioCapacityLow, in this folder, fires below 15 % free.
_FILLED = 0.85


def usable(servers: int, storage: Bytes) -> Bytes:
    """What may be kept on so many servers with a volume of `storage` each, before anybody is told that it is full."""
    drives = servers if servers == 1 else max(size for size in _SET_SIZES if servers % size == 0)
    kept = 1 - _PARITY.get(drives, _MOST_PARITY) / drives
    return Bytes(int(storage.amount * servers * kept * _FILLED))
