"""What object storage reads of a tier and of an environment's file."""

from __future__ import annotations

from typing import Protocol

from components.kubernetes.quantity import Bytes


class ObjectStorageFigures(Protocol):
    """What a tier says of MinIO: its servers, and the volume of each."""

    @property
    def servers(self) -> int: ...
    @property
    def storage(self) -> Bytes: ...


class S3Bucket(Protocol):
    """A bucket that exists, and the IAM role of whoever uses it (None: an access key)."""

    @property
    def bucket(self) -> str: ...
    @property
    def region(self) -> str | None: ...
    @property
    def role_arn(self) -> str | None: ...


class BackupsBucket(S3Bucket, Protocol):
    """The same for backups: below which `prefix` they lie, and with which key they are encrypted (None: as the bucket
    says)."""

    @property
    def prefix(self) -> str | None: ...
    @property
    def kms_key(self) -> str | None: ...


class S3(Protocol):
    """Buckets of an S3 service: `endpoint` is None for that of AWS, `authority` (PEM) who signed its certificate."""

    @property
    def endpoint(self) -> str | None: ...
    @property
    def authority(self) -> str | None: ...
    @property
    def port(self) -> int: ...
    @property
    def files(self) -> S3Bucket | None: ...
    @property
    def backups(self) -> BackupsBucket: ...

    def region_of(self, bucket: S3Bucket, /) -> str:
        """The region that a bucket is in."""
        ...

    def url(self, bucket: S3Bucket, /) -> str:
        """Where the interface of a bucket is."""
        ...
