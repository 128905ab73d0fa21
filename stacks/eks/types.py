"""The types of values that only a cluster on AWS has, each with the message that tells a person what is allowed."""

from __future__ import annotations

import difflib
import re
from ipaddress import IPv4Network
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from components.cluster.eks.addresses import network
from components.cluster.eks.instances import INSTANCE_TYPES
from stacks.types import matching
from versions import EKS_VERSIONS

_ZONE_ID = re.compile(r"Z[A-Z0-9]{1,31}")


def _quoted(value: Any) -> Any:
    # 012345678901 loses its zero and 1.30 its 0 on the way, if they are numbers.
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise ValueError(f"{value!r} is a number to YAML: put it in quotes")
    return value


def _version(value: str) -> str:
    if value not in EKS_VERSIONS:
        raise ValueError(f"Kubernetes {value!r} is not supported: use one of {', '.join(EKS_VERSIONS)}")
    return value


def _instance_type(value: str) -> str:
    if value not in INSTANCE_TYPES:
        close = difflib.get_close_matches(value, INSTANCE_TYPES, 1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        families = sorted({one.partition(".")[0] for one in INSTANCE_TYPES})
        raise ValueError(f"there is no instance type {value!r}; {hint}families are: {', '.join(families)}")
    return value


def _public_network(value: str) -> str:
    try:
        return str(IPv4Network(value))
    except ValueError as error:
        raise ValueError(f"{value!r} is not a range of IPv4 addresses: {error}; write it as 203.0.113.0/24") from None


def _zone_id(value: str) -> str:
    if value != "create" and not _ZONE_ID.fullmatch(value):
        raise ValueError(f"{value!r} is no zone of Route 53: write 'create', or the zone's id, such as Z0123456789ABC")
    return value


def _vpc(value: str) -> str:
    return str(network(value))


Account = Annotated[
    str, BeforeValidator(_quoted), matching(r"[0-9]{12}", "is not an AWS account: write its 12 digits, in quotes")
]
ZoneLetter = Annotated[
    str, matching(r"[a-z]", "is not an availability zone: write its letter alone, such as a for eu-central-1a")
]
KubernetesVersion = Annotated[str, BeforeValidator(_quoted), AfterValidator(_version)]
InstanceTypeName = Annotated[str, AfterValidator(_instance_type)]
Principal = Annotated[
    str,
    matching(
        r"arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[\w+=,.@/-]+",
        "is not an IAM role or user: write its ARN, as arn:aws:iam::123456789012:role/name",
    ),
]
PublicNetwork = Annotated[str, AfterValidator(_public_network)]
VpcRange = Annotated[str, AfterValidator(_vpc)]
HostedZone = Annotated[str, AfterValidator(_zone_id)]
