"""S3 buckets that nobody outside reads, their KMS keys, and those for backups with the role that writes to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws.kms import Alias, Key
from pulumi_aws.s3 import (
    Bucket,
    BucketLifecycleConfiguration,
    BucketOwnershipControls,
    BucketPolicy,
    BucketPublicAccessBlock,
    BucketServerSideEncryptionConfiguration,
    BucketVersioning,
)

from components.cluster.aws.identity import PodRoleArgs, allow, document, pod_role
from components.cluster.aws.scope import AwsScope, bucket_name
from components.cluster.aws.service_accounts import ServiceAccount

# An upload that was broken off is stored, and paid for, until somebody ends it.
_UNFINISHED_UPLOADS = 7


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long objects stay, in days: as they are (`days`; None: for good), and once overwritten or deleted."""

    days: int | None
    noncurrent_days: int = 30


def private_bucket(
    scope: AwsScope, name: str, *, key: Key, retention: Retention, opts: pulumi.ResourceOptions
) -> Bucket:
    """A bucket called `name` with all that protects it. Objects are encrypted with `key`."""
    bucket = Bucket(name, bucket=bucket_name(name), force_destroy=False, tags=scope.tags(name), opts=opts)
    BucketOwnershipControls(name, bucket=bucket.bucket, rule={"object_ownership": "BucketOwnerEnforced"}, opts=opts)
    blocks = dict.fromkeys(
        ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"), True
    )
    blocked = BucketPublicAccessBlock(name, bucket=bucket.bucket, **blocks, opts=opts)
    versioned = BucketVersioning(name, bucket=bucket.bucket, versioning_configuration={"status": "Enabled"}, opts=opts)
    _encryption(name, bucket, key, opts)
    _lifecycle(name, bucket, retention, _after(opts, versioned))
    BucketPolicy(name, bucket=bucket.bucket, policy=_tls_only(scope, name), opts=_after(opts, blocked))
    return bucket


def _encryption(name: str, bucket: Bucket, key: Key, opts: pulumi.ResourceOptions) -> None:
    by_default = {"sse_algorithm": "aws:kms", "kms_master_key_id": key.arn}
    # One data key for many objects: a hundredth of the requests to KMS.
    rule = {"apply_server_side_encryption_by_default": by_default, "bucket_key_enabled": True}
    BucketServerSideEncryptionConfiguration(name, bucket=bucket.bucket, rules=[rule], opts=opts)


def _lifecycle(name: str, bucket: Bucket, retention: Retention, opts: pulumi.ResourceOptions) -> None:
    rule: dict[str, object] = {
        "id": "retention",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "noncurrent_version_expiration": {"noncurrent_days": retention.noncurrent_days},
        "abort_incomplete_multipart_upload": {"days_after_initiation": _UNFINISHED_UPLOADS},
    }
    if retention.days is not None:
        rule["expiration"] = {"days": retention.days}
    BucketLifecycleConfiguration(name, bucket=bucket.bucket, rules=[rule], opts=opts)


def _tls_only(scope: AwsScope, name: str) -> pulumi.Output[str]:
    arn = scope.bucket_arn(name)
    statement = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return document(statement)


def _after(opts: pulumi.ResourceOptions, *resources: pulumi.Resource) -> pulumi.ResourceOptions:
    """The options of a sibling that waits: S3 refuses some settings while another is being made."""
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=list(resources)))


# Days in which a deletion can be called off: AWS's longest. Whatever a lost key encrypted is lost.
DELETION_WINDOW = 30


def key(scope: AwsScope, name: str, purpose: str, opts: pulumi.ResourceOptions) -> Key:
    """A symmetric key that rotates every year, under the alias `alias/NAME`; who may use it is said in IAM."""
    made = Key(
        name,
        description=purpose,
        enable_key_rotation=True,
        deletion_window_in_days=DELETION_WINDOW,
        tags=scope.tags(name),
        opts=opts,
    )
    Alias(name, name=f"alias/{name}", target_key_id=made.key_id, opts=opts)
    return made


@dataclass(frozen=True, kw_only=True)
class BackupBucketArgs:
    """What is backed up where, and by whom.

    `bucket` is the bucket's name, which is unique in all of AWS; `prefix` the only part of it that the pods may touch,
    without a slash at its ends ("" is all of it); `retention_days` how long a backup stays before S3 deletes it (None:
    whoever writes it does). `service_accounts` of the cluster `cluster_name` take the role `role_name`; `cluster` is
    the same name as an input, which makes the association wait for the cluster. `protect` keeps key and bucket from
    being deleted.
    """

    scope: AwsScope
    bucket: str
    role_name: str
    cluster: pulumi.Input[str]
    cluster_name: str
    service_accounts: Sequence[ServiceAccount]
    retention_days: int | None
    prefix: str = ""
    protect: bool = True


class BackupBucket(pulumi.ComponentResource):
    """A private bucket for backups. Outputs: `bucket` (its name), `key_arn`, `role_arn`."""

    bucket: pulumi.Output[str]
    key_arn: pulumi.Output[str]
    role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: BackupBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:aws:BackupBucket", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        kept = pulumi.ResourceOptions(parent=self, protect=args.protect)
        made = key(args.scope, args.bucket, "Encrypts the backups of the platform", kept)
        bucket = private_bucket(
            args.scope, args.bucket, key=made, retention=Retention(days=args.retention_days), opts=kept
        )
        granted = pod_role(args.scope, _role(args, made), child)
        self.bucket, self.key_arn, self.role_arn = bucket.bucket, made.arn, granted.role.arn
        self.register_outputs({"bucket": self.bucket, "key_arn": self.key_arn, "role_arn": self.role_arn})


def _role(args: BackupBucketArgs, key: Key) -> PodRoleArgs:
    return PodRoleArgs(
        name=args.role_name,
        cluster=args.cluster,
        cluster_name=args.cluster_name,
        service_accounts=args.service_accounts,
        policies={"backups": backup_policy(args.scope.bucket_arn(args.bucket), args.prefix, key.arn)},
    )


def backup_policy(bucket_arn: str, prefix: str, key_arn: pulumi.Input[str]) -> pulumi.Output[str]:
    """What whoever writes, prunes and restores backups may do: with this bucket's prefix, and with its key.

    Deleting adds a marker to a versioned bucket; `s3:DeleteObjectVersion`, which would be final, is not allowed.
    """
    objects = f"{bucket_arn}/{prefix}/*" if prefix else f"{bucket_arn}/*"
    listed = {"StringLike": {"s3:prefix": [prefix, f"{prefix}/*"]}} if prefix else None
    return document(
        allow(["s3:ListBucket", "s3:ListBucketMultipartUploads"], [bucket_arn], listed),
        allow(["s3:GetBucketLocation"], [bucket_arn]),
        allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"], [objects]),
        allow(["kms:Decrypt", "kms:GenerateDataKey"], [key_arn]),
    )
