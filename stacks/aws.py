"""The types of values that name something of AWS, for whoever uses it: a cluster, a bucket, a secret store."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from components.aws.names import bucket_name

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+")


def _region(value: str) -> str:
    if not _REGION.fullmatch(value):
        raise ValueError(f"{value!r} is not an AWS region: write one such as eu-central-1")
    return value


def _role(value: str) -> str:
    if not _ROLE.fullmatch(value):
        raise ValueError(f"{value!r} is not an IAM role: write its ARN, such as arn:aws:iam::123456789012:role/files")
    return value


BucketName = Annotated[str, AfterValidator(bucket_name)]
Region = Annotated[str, AfterValidator(_region)]
RoleArn = Annotated[str, AfterValidator(_role)]
