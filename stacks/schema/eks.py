"""The keys of a cluster of kind `eks`, and the types of values that only a cluster on AWS has."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Network
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from components.cluster.eks.addresses import network
from components.cluster.eks.args import INSTANCE_TYPES, Autoscaler, Taint
from stacks.schema.types import BucketName, Model, Name, Problem, Region, form, matching, one_of
from versions import EKS_DEFAULT, EKS_VERSIONS

_ZONE_ID = r"Z[A-Z0-9]{1,31}"
# With a mask in place of the length too.
_RANGE = r"[0-9]{1,3}(\.[0-9]{1,3}){3}(/[0-9.]+)?"


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
    if value != "create" and not re.fullmatch(_ZONE_ID, value):
        raise ValueError(f"{value!r} is no zone of Route 53: write 'create', or the zone's id, such as Z0123456789ABC")
    return value


def _vpc(value: str) -> str:
    return str(network(value))


Account = Annotated[
    str,
    BeforeValidator(_quoted),
    matching("AWS account", r"[0-9]{12}", "is not an AWS account: write its 12 digits, in quotes", "123456789012"),
]
ZoneLetter = Annotated[
    str,
    matching(
        "letter of a zone",
        r"[a-z]",
        "is not an availability zone: write its letter alone, such as a for eu-central-1a",
        "a",
    ),
]
KubernetesVersion = Annotated[
    str, BeforeValidator(_quoted), AfterValidator(_version), one_of("version of Kubernetes", EKS_VERSIONS)
]
InstanceTypeName = Annotated[str, AfterValidator(_instance_type), one_of("EC2 instance type", INSTANCE_TYPES)]
Principal = Annotated[
    str,
    matching(
        "ARN of an IAM role or user",
        r"arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[\w+=,.@/-]+",
        "is not an IAM role or user: write its ARN, as arn:aws:iam::123456789012:role/name",
        "arn:aws:iam::123456789012:role/name",
    ),
]
PublicNetwork = Annotated[str, AfterValidator(_public_network), form("IPv4 network", _RANGE, "203.0.113.0/24")]
VpcRange = Annotated[str, AfterValidator(_vpc), form("IPv4 network", _RANGE, "10.20.0.0/16")]
HostedZone = Annotated[
    str, AfterValidator(_zone_id), form("zone of Route 53", f"create|{_ZONE_ID}", "create", "Z0123456789ABC")
]


NodeCount = Annotated[int, Field(ge=0, le=450)]


class NodeGroup(Model):
    """Nodes of one kind."""

    instance_types: Annotated[Sequence[InstanceTypeName], Field(min_length=1)] = Field(
        description="EC2 instance types, such as m6i.xlarge; AWS takes one of them. On spot, the more there are, "
        "the more rarely a node is taken away."
    )
    minimum: NodeCount = Field(description="The fewest nodes. EKS has at most 450 in a group.")
    desired: NodeCount = Field(description="How many nodes there are at the start; from then on the autoscaler says.")
    maximum: Annotated[NodeCount, Field(ge=1)] = Field(
        description="The most nodes; at least `minimum`. The network must have addresses for all of them."
    )
    spot: bool = Field(
        False, description="Whether it takes spare capacity of AWS, which AWS may want back within two minutes."
    )
    disk: Annotated[int, Field(ge=20, le=16384)] = Field(50, description="The root volume of a node, in GiB.")
    labels: Mapping[str, str] = Field({}, description="Labels of the nodes, by key.")
    taints: Sequence[Taint] = Field((), description="What keeps pods off the nodes unless they tolerate it.")

    def contradictions(self) -> Iterable[Problem]:
        """Figures that are not in order."""
        minimum, desired, maximum = self.minimum, self.desired, self.maximum
        if maximum < minimum:
            yield Problem(
                ("maximum",), f"{maximum} is below the minimum of {minimum}: raise it, or lower that", maximum
            )
        elif not minimum <= desired <= maximum:
            message = f"{desired} is not between the minimum of {minimum} and the maximum of {maximum}"
            yield Problem(("desired",), message, desired)


class Dns(Model):
    """The zone of the environment's domain."""

    zone: HostedZone = Field(description="`create`, or the id of a zone in Route 53, such as Z0123456789ABC.")
    certificate: bool = Field(True, description="Whether AWS Certificate Manager issues a certificate for the domain.")
    firewall: bool = Field(False, description="Whether AWS WAF stands before what is reached from outside.")


class EksClusterConfig(Model):
    """A cluster on EKS, made with its network. Node groups, NAT, autoscaler, and how long logs and backups are kept
    are the tier's (`stacks.schema.eks_tiers`) unless they stand here."""

    kind: Literal["eks"] = Field(description="A cluster on EKS that is made with its network.")
    account: Account = Field(description="The AWS account: its 12 digits, in quotes.")
    region: Region = Field(description="The AWS region, such as eu-central-1.")
    name: Name | None = Field(None, description="The name of the cluster, by default `saas-platform-ENVIRONMENT`.")
    version: KubernetesVersion = Field(EKS_DEFAULT, description="The version of Kubernetes, in quotes.")
    administrators: Annotated[Sequence[Principal], Field(min_length=1)] = Field(
        description="ARNs of the IAM roles or users who may do everything. Whoever deploys must be among them: "
        "nobody else has any right at the start."
    )
    developers: Sequence[Principal] = Field(
        (), description="ARNs of the IAM roles or users who are in the group `platform:developers`."
    )
    viewers: Sequence[Principal] = Field(
        (), description="ARNs of the IAM roles or users who are in the group `platform:viewers`."
    )
    network: VpcRange = Field(
        "10.20.0.0/16",
        description="The range of the VPC, private, from a /16 to a /23; nodes and pods get their addresses from it.",
    )
    service_network: PublicNetwork = Field(
        "172.20.0.0/16",
        description="The range of the Services' addresses, private, from a /12 to a /24; must not overlap `network`.",
    )
    zones: Sequence[ZoneLetter] | None = Field(
        None,
        description="The letters of the nodes' availability zones, as many as the tier's `zones`; by default the "
        "first ones of the region.",
    )
    public_access: Sequence[PublicNetwork] = Field(
        (),
        description="The networks that reach the API server from outside the VPC, as 203.0.113.0/24; by default "
        "none. Staging and prod refuse /0.",
    )
    nat: Literal["one", "zone"] | None = Field(
        None, description="How many NAT gateways there are: `one` in all, or one in each `zone`."
    )
    node_groups: Annotated[Mapping[Name, NodeGroup], Field(min_length=1)] | None = Field(
        None, description="The groups of nodes, by name."
    )
    autoscaler: Autoscaler | None = Field(None, description="What adds and removes nodes.")
    log_days: Literal[7, 14, 30, 60, 90, 180, 365] | None = Field(
        None, description="How long CloudWatch keeps the control plane's and the network's logs, in days."
    )
    backup_days: Annotated[int, Field(ge=1, le=3650)] | None = Field(
        None, description="How long the backups' bucket keeps what is in it, in days."
    )
    backup_bucket: BucketName | None = Field(
        None, description="The name of the bucket for backups, by default `NAME-backups-ACCOUNT`."
    )
    dns: Dns | None = Field(
        None, description="The zone of the environment's domain in Route 53. Left out, the domain is kept elsewhere."
    )

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
