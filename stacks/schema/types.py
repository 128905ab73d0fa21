"""The types of configuration values: those of the components, and what only an environment's file has."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator

from components.cluster.aws.scope import BUCKET, bucket_name
from components.kubernetes.quantity import Bytes, Cpu
from components.values.forms import form, matching, one_of
from components.values.model import Model, Problem, duplicates
from components.values.types import (
    TIME,
    TIME_TITLE,
    HostName,
    HttpsUrl,
    ImageName,
    ImageRegistry,
    ImageTag,
    Name,
    Port,
    PortName,
    Region,
    ReplicaCount,
    RoleArn,
    Seconds,
    ServiceName,
    Text,
    Url,
    seconds,
)

__all__ = [
    "TIME",
    "TIME_TITLE",
    "BucketName",
    "Bytes",
    "Cpu",
    "HostName",
    "HttpsUrl",
    "ImageName",
    "ImageRegistry",
    "ImageTag",
    "Model",
    "Name",
    "Port",
    "PortName",
    "Problem",
    "Region",
    "ReplicaCount",
    "RoleArn",
    "Seconds",
    "ServiceName",
    "Text",
    "TierName",
    "Url",
    "duplicates",
    "form",
    "matching",
    "one_of",
    "seconds",
    "system_key",
    "system_name",
]

TierName = Literal["dev", "test", "staging", "prod"]


def system_name(key: str) -> str:
    """The name of the system, which is its namespace, that an environment's file has below `key`."""
    return key.replace("_", "-")


def system_key(name: str) -> str:
    """The key of a system in an environment's file."""
    return name.replace("-", "_")


BucketName = Annotated[str, AfterValidator(bucket_name), form("bucket name", BUCKET, "acme-files")]
