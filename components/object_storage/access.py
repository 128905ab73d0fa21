"""How pods use a bucket, whoever keeps it: MinIO of the cluster, AWS S3, or anything else with S3's interface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from components.network import Flow


def role_annotations(role_arn: str | None) -> dict[str, str]:
    """What ties a service account to an IAM role on EKS (IRSA); nothing without one."""
    return {"eks.amazonaws.com/role-arn": role_arn} if role_arn else {}


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
