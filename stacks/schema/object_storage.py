"""Where an environment keeps files and backups: MinIO of its own, or buckets that exist already, by configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field

from stacks.schema.types import BucketName, HttpsUrl, Model, Region, RoleArn


class Minio(Model):
    """MinIO in the system's namespace."""

    kind: Literal["minio"] = Field(
        description="MinIO in the system's namespace; the tier says how many servers and how large."
    )


class S3Bucket(Model):
    """A bucket that exists."""

    bucket: BucketName = Field(description="The name of the bucket.")
    role_arn: RoleArn | None = Field(
        None,
        description="The IAM role of whoever uses it, as an ARN; without it the access key comes from the secret "
        "store.",
    )


class S3(Model):
    """Buckets of AWS S3, or of another S3 service."""

    kind: Literal["s3"] = Field(description="Buckets that exist already.")
    region: Region = Field(description="The AWS region of the buckets; of another service, whatever it calls its own.")
    endpoint: HttpsUrl | None = Field(
        None,
        description="The address of another S3 service, such as https://s3.example.com:9000; by default AWS' own "
        "of the region.",
    )
    files: S3Bucket | None = Field(None, description="The bucket for files, of a system that keeps any.")
    backups: S3Bucket = Field(description="The bucket for the database's backups.")

    @property
    def url(self) -> str:
        """Where its interface is."""
        return self.endpoint or f"https://s3.{self.region}.amazonaws.com"

    @property
    def port(self) -> int:
        """The port of that."""
        return urlsplit(self.url).port or 443


ObjectStorageConfig = Annotated[Minio | S3, Field(discriminator="kind")]


def without_role(data: Mapping[str, Any]) -> list[str]:
    """The buckets of a raw `object_storage` that are entered with an access key: `files`, `backups`."""
    if data.get("kind") != "s3":
        return []
    buckets = {name: data.get(name) for name in ("files", "backups")}
    return [name for name, one in buckets.items() if isinstance(one, Mapping) and one.get("role_arn") is None]
