"""What an EKS cluster is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from components.aws.scope import AwsScope
from components.aws.service_accounts import ServiceAccount
from components.cluster.eks.addresses import AddressPlan
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


@dataclass(frozen=True, kw_only=True)
class Taint:
    """What keeps pods off a group's nodes unless they tolerate it."""

    key: str
    value: str
    effect: Effect


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
