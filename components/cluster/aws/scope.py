"""Whose AWS resources are, which names AWS takes, and what ARNs are before AWS has made anything."""

from __future__ import annotations

import re
from dataclasses import dataclass

# The partitions other than `aws`, by the beginning of their regions' names (AWS General Reference, ARNs).
_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}


@dataclass(frozen=True, kw_only=True)
class AwsScope:
    """Where AWS resources belong: 12-digit `account`, `region`, and the `name` that theirs begin with.

    `environment` and `system` become the tags `platform.io/environment` and `platform.io/system`, by which costs are
    told apart and leftovers found; they are the labels of Kubernetes objects too.
    """

    account: str
    region: str
    name: str
    environment: str
    system: str

    @property
    def partition(self) -> str:
        """`aws`, or that of China or of the US government's regions."""
        return next((one for start, one in _PARTITIONS.items() if self.region.startswith(start)), "aws")

    def tags(self, name: str, **more: str) -> dict[str, str]:
        """All tags of a resource; `Name` is what the console shows."""
        return {
            "Name": name,
            "platform.io/environment": self.environment,
            "platform.io/system": self.system,
            "platform.io/managed-by": "pulumi",
            **more,
        }

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a regional resource of this account, such as `arn("sqs", "queue")`."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def global_arn(self, service: str, resource: str) -> str:
        """The ARN of a resource without a region, such as `global_arn("iam", "role/name")`."""
        return f"arn:{self.partition}:{service}::{self.account}:{resource}"

    def bucket_arn(self, bucket: str) -> str:
        """The ARN of a bucket: the names of buckets are unique in a partition, so that it has no account."""
        return f"arn:{self.partition}:s3:::{bucket}"

    def managed_policy(self, name: str) -> str:
        """The ARN of a policy that AWS manages, such as `AmazonEKSClusterPolicy` or `service-role/…`."""
        return f"arn:{self.partition}:iam::aws:policy/{name}"


# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, without dots, which break TLS.
BUCKET = r"(?=.{3,63}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?"


def bucket_name(value: str) -> str:
    """Return `value` if it may name a bucket (3 to 63 characters, without dots); else raise ValueError."""
    if not re.fullmatch(BUCKET, value):
        raise ValueError(
            f"{value!r} is not a bucket name: use 3 to 63 lower-case letters, digits and '-', such as acme-files"
        )
    return value
