"""Where an environment keeps files and backups: MinIO of its own, or buckets that exist already, by configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from stacks.types import Model

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, without dots, which break TLS.
_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+")


def _bucket(value: str) -> str:
    if not _BUCKET.fullmatch(value):
        raise ValueError(f"{value!r} is not a bucket: 3 to 63 lower-case letters, digits and '-', such as acme-files")
    return value


def _region(value: str) -> str:
    if not _REGION.fullmatch(value):
        raise ValueError(f"{value!r} is not an AWS region: write one such as eu-central-1")
    return value


def _role(value: str) -> str:
    if not _ROLE.fullmatch(value):
        raise ValueError(f"{value!r} is not an IAM role: write its ARN, such as arn:aws:iam::123456789012:role/files")
    return value


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname or parts.path.strip("/") or parts.query or parts.username:
        raise ValueError(f"{value!r} is not an endpoint: write https://HOST or https://HOST:PORT, and nothing after it")
    return value.rstrip("/")


BucketName = Annotated[str, AfterValidator(_bucket)]
Region = Annotated[str, AfterValidator(_region)]
RoleArn = Annotated[str, AfterValidator(_role)]
HttpsUrl = Annotated[str, AfterValidator(_url)]


class Minio(Model):
    """MinIO in the system's namespace; the tier says how many servers and how large."""

    kind: Literal["minio"]


class S3Bucket(Model):
    """A bucket that exists, and the IAM role of whoever uses it (None: an access key in the secret store)."""

    bucket: BucketName
    role_arn: RoleArn | None = None


class S3(Model):
    """Buckets of AWS S3, or of another S3 service at `endpoint` (then `region` is whatever that calls its own)."""

    kind: Literal["s3"]
    region: Region
    endpoint: HttpsUrl | None = None
    files: S3Bucket
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
