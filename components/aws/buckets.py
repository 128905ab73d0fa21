"""S3 buckets that nobody outside reads: encrypted, versioned, over TLS only."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_aws.kms import Key
from pulumi_aws.s3 import (
    Bucket,
    BucketLifecycleConfiguration,
    BucketOwnershipControls,
    BucketPolicy,
    BucketPublicAccessBlock,
    BucketServerSideEncryptionConfiguration,
    BucketVersioning,
)

from components.aws.documents import document
from components.aws.names import bucket_name
from components.aws.scope import AwsScope

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
