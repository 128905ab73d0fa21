"""Where an environment keeps files and backups: MinIO of its own, or buckets that exist already, by configuration."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from components.stores.buckets import inputs
from components.values.types import AWS_REGION
from stacks.schema.types import BucketName, HttpsUrl, Model, Name, Problem, RoleArn, form, matching

# Signatures have the region in them, so that each service knows but its own: garage, fr-par, us-east, nyc3.
StorageRegion = Annotated[
    str,
    matching(
        "region",
        r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?",
        "is no region: write the one of the service, such as eu-central-1 of AWS",
        "eu-central-1",
        "fr-par",
    ),
]
EncryptionKey = Annotated[
    str,
    matching(
        "key of a key management service",
        r"[A-Za-z0-9][A-Za-z0-9:/_-]{0,511}",
        "is no key: write its ARN, such as arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef",
        "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef",
    ),
]
_CERTIFICATE = r"(-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*)+"


def _authority(value: str) -> str:
    if not re.fullmatch(_CERTIFICATE, value):
        raise ValueError("is no certificate: write the authority's as PEM, from -----BEGIN CERTIFICATE----- on")
    return value


_EXAMPLE = "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIU\n-----END CERTIFICATE-----\n"
Authority = Annotated[str, AfterValidator(_authority), form("certificates as PEM", _CERTIFICATE, _EXAMPLE)]


class Minio(Model):
    """MinIO in the system's namespace."""

    kind: Literal["minio"] = Field(
        description="MinIO in the system's namespace; the tier says how many servers and how large. For development: "
        "it goes with its cluster, and its makers have mended nothing since April 2026."
    )


class S3Bucket(Model):
    """A bucket that exists."""

    bucket: BucketName = Field(description="The name of the bucket.")
    region: StorageRegion | None = Field(
        None,
        description="The region of this bucket, where it differs from that of the other: backups belong into another "
        "region than what they are of.",
    )
    role_arn: RoleArn | None = Field(
        None,
        description="The IAM role of whoever uses it, as an ARN; without it the access key comes from the secret "
        "store.",
    )


class BackupsBucket(S3Bucket):
    """A bucket that exists, for backups, which the platform itself writes."""

    prefix: Name | None = Field(
        None,
        description="The folder of the bucket that they lie in, so that several systems may share it; by default "
        "none. Each cluster of a fleet has one of its own name below that.",
    )
    kms_key: EncryptionKey | None = Field(
        None,
        description="The key of AWS KMS (or of the service's own) that objects are encrypted with, as an ARN; whoever "
        "writes needs kms:GenerateDataKey and kms:Decrypt. By default the bucket's own encryption holds.",
    )


class S3(Model):
    """Buckets of AWS S3, or of another S3 service."""

    kind: Literal["s3"] = Field(description="Buckets that exist already.")
    region: StorageRegion = Field(
        description="The AWS region of the buckets; of another service, whatever it calls its own."
    )
    endpoint: HttpsUrl | None = Field(
        None,
        description="The address of another S3 service, such as https://s3.example.com:9000, which is asked for "
        "https://HOST/BUCKET/OBJECT; by default AWS' own of the region.",
    )
    authority: Authority | None = Field(
        None,
        description="The certificates of the authority that signed the endpoint's, as PEM; by default those that "
        "everybody trusts.",
    )
    files: S3Bucket | None = Field(None, description="The bucket for files, of a system that keeps any.")
    backups: BackupsBucket = Field(description="The bucket for the database's backups.")

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """Regions that AWS has not, and what only another service needs."""
        if data.get("endpoint") is not None:
            return
        if data.get("authority") is not None:
            yield Problem(("authority",), "is of an endpoint, and there is none: AWS' certificates everybody trusts")
        buckets = {name: data.get(name) for name in ("files", "backups")}
        stated: list[tuple[tuple[str, ...], Any]] = [(("region",), data.get("region"))]
        stated += [((name, "region"), one.get("region")) for name, one in buckets.items() if isinstance(one, Mapping)]
        for path, region in stated:
            if isinstance(region, str) and not re.fullmatch(AWS_REGION, region):
                message = (
                    f"{region!r} is not an AWS region: write one such as eu-central-1, or name the endpoint of the "
                    "service whose region it is"
                )
                yield Problem(path, message, region)

    def region_of(self, bucket: inputs.S3Bucket, /) -> str:
        """The region that a bucket is in."""
        return bucket.region or self.region

    def url(self, bucket: inputs.S3Bucket, /) -> str:
        """Where the interface of a bucket is."""
        return self.endpoint or f"https://s3.{self.region_of(bucket)}.amazonaws.com"

    @property
    def port(self) -> int:
        """The port of that."""
        return (urlsplit(self.endpoint).port if self.endpoint else None) or 443


ObjectStorageConfig = Annotated[Minio | S3, Field(discriminator="kind")]


def without_role(data: Mapping[str, Any]) -> list[str]:
    """The buckets of a raw `object_storage` that are entered with an access key: `files`, `backups`."""
    if data.get("kind") != "s3":
        return []
    buckets = {name: data.get(name) for name in ("files", "backups")}
    return [name for name, one in buckets.items() if isinstance(one, Mapping) and one.get("role_arn") is None]
