"""Where an environment keeps files and backups: MinIO of its own, or buckets that exist already, by configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from stacks.schema.types import BucketName, Model, Region, RoleArn


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname or parts.path.strip("/") or parts.query or parts.username:
        raise ValueError(f"{value!r} is not an endpoint: write https://HOST or https://HOST:PORT, and nothing after it")
    return value.rstrip("/")


HttpsUrl = Annotated[str, AfterValidator(_url)]


class Minio(Model):
    """MinIO in the system's namespace; the tier says how many servers and how large."""

    kind: Literal["minio"]


class S3Bucket(Model):
    """A bucket that exists, and the IAM role of whoever uses it (None: an access key in the secret store)."""

    bucket: BucketName
    role_arn: RoleArn | None = None


class S3(Model):
    """Buckets of AWS S3, or of another S3 service at `endpoint` (then `region` is whatever that calls its own).

    `files` is of a system that keeps any.
    """

    kind: Literal["s3"]
    region: Region
    endpoint: HttpsUrl | None = None
    files: S3Bucket | None = None
    backups: S3Bucket

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
