"""The keys of a cluster of kind `eks`, and the types of values that only a cluster on AWS has."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Network
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field

from components.cluster.eks.addresses import network
from components.cluster.eks.args import INSTANCE_TYPES, Autoscaler, Effect
from stacks.schema.types import BucketName, Model, Name, Problem, Region, Text, matching
from versions import EKS_DEFAULT, EKS_VERSIONS

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


NodeCount = Annotated[int, Field(ge=0, le=450)]


class TaintConfig(Model):
    """What keeps pods off a group's nodes unless they tolerate it."""

    key: Text
    value: str = ""
    effect: Effect = "NO_SCHEDULE"


class NodeGroup(Model):
    """Nodes of one kind; all but the figures is optional. EKS has at most 450 in a group.

    `disk` is the root volume in GiB; `spot` takes spare capacity of AWS, which it may want back within two minutes.
    """

    instance_types: Annotated[Sequence[InstanceTypeName], Field(min_length=1)]
    minimum: NodeCount
    desired: NodeCount
    maximum: Annotated[NodeCount, Field(ge=1)]
    spot: bool = False
    disk: Annotated[int, Field(ge=20, le=16384)] = 50
    labels: Mapping[str, str] = {}
    taints: Sequence[TaintConfig] = ()

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """Whether the three figures are in order."""
        figures = (data.get("minimum"), data.get("desired"), data.get("maximum"))
        if not all(isinstance(one, int) and not isinstance(one, bool) for one in figures):
            return
        minimum, desired, maximum = cast(tuple[int, int, int], figures)
        if maximum < minimum:
            yield Problem(
                ("maximum",), f"{maximum} is below the minimum of {minimum}: raise it, or lower that", maximum
            )
        elif not minimum <= desired <= maximum:
            message = f"{desired} is not between the minimum of {minimum} and the maximum of {maximum}"
            yield Problem(("desired",), message, desired)


class Dns(Model):
    """The zone of the environment's domain: `zone` is `create`, or the id of one in Route 53."""

    zone: HostedZone
    certificate: bool = True
    firewall: bool = False


class EksCluster(Model):
    """A cluster on EKS, made with its network. Principals are ARNs of IAM roles or users.

    `name` is by default `saas-platform-ENVIRONMENT`; `zones` the letters of the nodes' availability zones, by default
    the first ones; `public_access` the networks that reach the API server from outside the VPC. Whoever deploys must
    be among the `administrators`: nobody else has any right at the start. Node groups, NAT, autoscaler, and how long
    logs and backups are kept are the tier's (`stacks.schema.eks_tiers`) unless they stand here.
    """

    kind: Literal["eks"]
    account: Account
    region: Region
    name: Name | None = None
    version: KubernetesVersion = EKS_DEFAULT
    administrators: Annotated[Sequence[Principal], Field(min_length=1)]
    developers: Sequence[Principal] = ()
    viewers: Sequence[Principal] = ()
    network: VpcRange = "10.20.0.0/16"
    service_network: PublicNetwork = "172.20.0.0/16"
    zones: Sequence[ZoneLetter] | None = None
    public_access: Sequence[PublicNetwork] = ()
    nat: Literal["one", "zone"] | None = None
    node_groups: Annotated[Mapping[Name, NodeGroup], Field(min_length=1)] | None = None
    autoscaler: Autoscaler | None = None
    log_days: Literal[7, 14, 30, 60, 90, 180, 365] | None = None
    backup_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    backup_bucket: BucketName | None = None
    dns: Dns | None = None

    @classmethod
    def problems(cls, data: Mapping[str, Any]) -> Iterable[Problem]:
        """Principals with two roles, of which EKS keeps only one, and zones that stand twice."""
        seen: dict[str, str] = {}
        for kind in ("administrators", "developers", "viewers"):
            entries = data.get(kind)
            for index, principal in enumerate(entries if isinstance(entries, (list, tuple)) else ()):
                if isinstance(principal, str) and seen.setdefault(principal, kind) is not kind:
                    message = f"{principal!r} is among the {seen[principal]} too: keep one of the two"
                    yield Problem((kind, index), message, principal)
        zones = data.get("zones")
        listed = list(zones) if isinstance(zones, (list, tuple)) else []
        for index, zone in enumerate(listed):
            if zone in listed[:index]:
                yield Problem(("zones", index), f"zone {zone!r} is listed twice", zone)
