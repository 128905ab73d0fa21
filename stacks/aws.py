"""The types of values that name something of AWS, for whoever uses it: a cluster, a bucket, a secret store."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from components.aws.names import bucket_name
from stacks.types import matching

BucketName = Annotated[str, AfterValidator(bucket_name)]
Region = Annotated[str, matching(r"[a-z]{2}(-[a-z]+)+-[0-9]", "is not an AWS region: write one such as eu-central-1")]
RoleArn = Annotated[
    str,
    matching(
        r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+",
        "is not an IAM role: write its ARN, such as arn:aws:iam::123456789012:role/files",
    ),
]
