"""S3 buckets, and the settings that are resources of their own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.aws.account import Account, Create, Created, Inputs, RefusedError, pascal, tag_list


def _bucket(account: Account, inputs: Inputs) -> Created:
    s3, name = account.client("s3"), inputs["bucket"]
    where = {"LocationConstraint": account.region}
    s3.create_bucket(Bucket=name, **({} if account.region == "us-east-1" else {"CreateBucketConfiguration": where}))
    if tags := tag_list(inputs):
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags})
    return name, {"arn": f"arn:aws:s3:::{name}"}


def _ownership(account: Account, inputs: Inputs) -> Created:
    controls = {"Rules": [pascal(inputs["rule"])]}
    account.client("s3").put_bucket_ownership_controls(Bucket=inputs["bucket"], OwnershipControls=controls)
    return inputs["bucket"], {}


def _public_access(account: Account, inputs: Inputs) -> Created:
    blocks = {key[0].upper() + key[1:]: value for key, value in inputs.items() if key != "bucket"}
    account.client("s3").put_public_access_block(
        Bucket=inputs["bucket"], PublicAccessBlockConfiguration=_settings(blocks)
    )
    return inputs["bucket"], {}


def _settings(blocks: Mapping[str, Any]) -> dict[str, bool]:
    return {key: value for key, value in blocks.items() if isinstance(value, bool)}


def _versioning(account: Account, inputs: Inputs) -> Created:
    status = {"Status": inputs["versioningConfiguration"]["status"]}
    account.client("s3").put_bucket_versioning(Bucket=inputs["bucket"], VersioningConfiguration=status)
    return inputs["bucket"], {}


def _encryption(account: Account, inputs: Inputs) -> Created:
    rules = []
    for rule in inputs["rules"]:
        default = rule["applyServerSideEncryptionByDefault"]
        # S3 takes any key, and fails with the first object.
        account.client("kms").describe_key(KeyId=default["kmsMasterKeyId"])
        by_default = {"SSEAlgorithm": default["sseAlgorithm"], "KMSMasterKeyID": default["kmsMasterKeyId"]}
        rules.append({"ApplyServerSideEncryptionByDefault": by_default, "BucketKeyEnabled": rule["bucketKeyEnabled"]})
    account.client("s3").put_bucket_encryption(
        Bucket=inputs["bucket"], ServerSideEncryptionConfiguration={"Rules": rules}
    )
    return inputs["bucket"], {}


def _lifecycle(account: Account, inputs: Inputs) -> Created:
    rules = [{**pascal(rule), "ID": rule["id"]} for rule in inputs["rules"]]
    for rule in rules:
        rule.pop("Id")
    account.client("s3").put_bucket_lifecycle_configuration(
        Bucket=inputs["bucket"], LifecycleConfiguration={"Rules": rules}
    )
    return inputs["bucket"], {}


def _policy(account: Account, inputs: Inputs) -> Created:
    """moto takes any text for a policy; S3 reads it, and wants it to be about this bucket."""
    bucket = inputs["bucket"]
    try:
        statements = json.loads(inputs["policy"])["Statement"]
    except (ValueError, KeyError) as error:
        raise RefusedError("MalformedPolicy: This policy contains invalid Json") from error
    own = (f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/")
    for statement in statements:
        if "Principal" not in statement:
            raise RefusedError("MalformedPolicy: Missing required field Principal")
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        if not all(one == own[0] or one.startswith(own[1]) for one in resources):
            raise RefusedError("MalformedPolicy: Policy has invalid resource")
    account.client("s3").put_bucket_policy(Bucket=bucket, Policy=inputs["policy"])
    return bucket, {}


CREATE: Mapping[str, Create] = {
    "aws:s3/bucket:Bucket": _bucket,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _lifecycle,
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _ownership,
    "aws:s3/bucketPolicy:BucketPolicy": _policy,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _public_access,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _encryption,
    "aws:s3/bucketVersioning:BucketVersioning": _versioning,
}
