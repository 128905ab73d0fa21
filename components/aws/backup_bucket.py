"""A bucket for backups, its key, and the role by which some pods of a cluster write to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws.kms import Key

from components.aws.buckets import Retention, private_bucket
from components.aws.documents import allow, document
from components.aws.keys import key
from components.aws.roles import PodRoleArgs, pod_role
from components.aws.scope import AwsScope
from components.aws.service_accounts import ServiceAccount


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
