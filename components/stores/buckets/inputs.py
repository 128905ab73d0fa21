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
    def role_arn(self) -> str | None: ...


class S3(Protocol):
    """Buckets of an S3 service: `url` is where its interface is, `endpoint` None for that of AWS."""

    @property
    def region(self) -> str: ...
    @property
    def endpoint(self) -> str | None: ...
    @property
    def url(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def files(self) -> S3Bucket | None: ...
    @property
    def backups(self) -> S3Bucket: ...
