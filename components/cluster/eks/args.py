"""What an EKS cluster is made from: arguments, types of instance, and the versions that may follow each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from pydantic import Field

from components.cluster.aws.scope import AwsScope
from components.cluster.aws.service_accounts import ServiceAccount
from components.cluster.eks.addresses import AddressPlan
from components.kubernetes.quantity import Bytes, Cpu
from components.values.model import Model
from components.values.types import Text
from versions import EksVersion

Autoscaler = Literal["karpenter", "cluster-autoscaler", "none"]
Effect = Literal["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"]
Role = Literal["administrators", "developers", "viewers"]


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """A VPC: `zones` by name, one for each private subnet of the plan, `control_plane_zones` likewise.

    `nat` is how many NAT gateways there are: one for all zones, or one in each. Flow logs are kept `log_days`.
    """

    scope: AwsScope
    plan: AddressPlan
    zones: Sequence[str]
    control_plane_zones: Sequence[str]
    nat: Literal["one", "zone"]
    log_days: int
    protect: bool


class Taint(Model):
    """What keeps pods off a group's nodes unless they tolerate it."""

    key: Text = Field(description="The taint's key, which a pod's toleration names.")
    value: str = Field("", description="The taint's value.")
    effect: Effect = Field(
        "NO_SCHEDULE", description="What happens to a pod that does not tolerate it, in EKS' spelling."
    )


@dataclass(frozen=True, kw_only=True)
class NodeGroupArgs:
    """Nodes of one kind: how many, of which instance types, with a root volume of `disk` GiB."""

    instance_types: Sequence[str]
    minimum: int
    desired: int
    maximum: int
    spot: bool = False
    disk: int = 50
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: Sequence[Taint] = ()


@dataclass(frozen=True, kw_only=True)
class DomainArgs:
    """A DNS zone for `domain`: the Route 53 zone `zone_id`, or one that is made (None).

    `certificate` is for the domain and one level below it; `firewall` a web ACL for load balancers.
    """

    domain: str
    zone_id: str | None
    certificate: bool
    firewall: bool


@dataclass(frozen=True, kw_only=True)
class ControlPlaneArgs:
    """The control plane: who reaches its endpoint (`public_cidrs`; none: only the VPC) and who may do what by ARN."""

    scope: AwsScope
    version: EksVersion
    service_cidr: str
    public_cidrs: Sequence[str]
    access: Mapping[Role, Sequence[str]]
    log_days: int
    protect: bool


@dataclass(frozen=True, kw_only=True)
class EksClusterArgs:
    """An EKS cluster with its network and all that belongs to it.

    `backup_bucket` is the name of the bucket for backups, which are kept `backup_days` and written by
    `backup_accounts`; `storage_class` the name of the StorageClass on encrypted gp3 volumes (None: there is none).
    `domain` None makes no DNS zone.
    """

    control_plane: ControlPlaneArgs
    network: NetworkArgs
    node_groups: Mapping[str, NodeGroupArgs]
    autoscaler: Autoscaler
    backup_bucket: str
    backup_days: int
    backup_accounts: Sequence[ServiceAccount]
    storage_class: str | None
    domain: DomainArgs | None = None

    @property
    def scope(self) -> AwsScope:
        """Whose all of it is."""
        return self.control_plane.scope


class InstanceType(NamedTuple):
    """What a node of a type has; the kubelet and the system keep a part of it."""

    cpu: Cpu
    memory: Bytes


# GiB of memory to a vCPU by family, with the sizes' vCPUs below.
_FAMILIES = {"m5": 4, "m6a": 4, "m6i": 4, "m7i": 4, "c6i": 2, "c7i": 2, "r6i": 8, "r7i": 8}
_SIZES = {"large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16}
_BURSTABLE = {"medium": (2, 4), "large": (2, 8), "xlarge": (4, 16), "2xlarge": (8, 32)}


def _type(cpus: int, gibibytes: int) -> InstanceType:
    return InstanceType(Cpu(cpus * 1000), Bytes.parse(f"{gibibytes}Gi"))


INSTANCE_TYPES: dict[str, InstanceType] = {
    **{f"{family}.{size}": _type(*has) for family in ("t3", "t3a") for size, has in _BURSTABLE.items()},
    **{
        f"{family}.{size}": _type(cpus, cpus * gibibytes)
        for family, gibibytes in _FAMILIES.items()
        for size, cpus in _SIZES.items()
    },
}

# What EKS lets a node of fewer than 30 vCPUs run with prefix delegation (EKS User Guide, "Choose an optimal EC2 node
# instance type", maximum Pods).
PODS_PER_NODE = 110


def upgrade_problem(deployed: str, wanted: str) -> str | None:
    """Why a control plane of version `deployed` cannot become `wanted`, both such as 1.35; None if it can.

    EKS upgrades by one minor version at a time (EKS User Guide, "Update existing cluster"), and goes back by one within
    seven days ("Roll back a cluster"): by its own command, since pulumi-aws has no way to ask for it.
    """
    steps = minor(wanted) - minor(deployed)
    if steps < 0:
        return (
            f"the cluster has Kubernetes {deployed}, and no deployment takes it back: set version to {deployed!r} or "
            "newer, or see 'Back to the version before' in docs/how-to/eks.md"
        )
    if steps > 1:
        first = f"1.{minor(deployed) + 1}"
        return (
            f"the cluster has Kubernetes {deployed}, and EKS upgrades by one minor version at a time: "
            f"set version to {first!r}, deploy, and go on from there"
        )
    return None


def minor(version: str) -> int:
    """The second number of a version such as 1.35."""
    return int(version.split(".")[1])
