"""From an EKS cluster's configuration to what its component is told."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase

from components.cluster.aws.scope import AwsScope
from components.cluster.aws.service_accounts import ServiceAccount
from components.cluster.eks import addresses
from components.cluster.eks.args import (
    ControlPlaneArgs,
    DomainArgs,
    EksClusterArgs,
    NetworkArgs,
    NodeGroupArgs,
)
from paths import PROJECT
from stacks.schema.eks import EksClusterConfig, NodeGroup
from stacks.schema.eks_tiers import EKS_TIERS, EksTier, node_groups
from stacks.schema.tiers import Tier
from stacks.schema.types import TierName
from versions import EKS_VERSIONS

# Of the tags and labels of what no system owns.
_SYSTEM = "platform"


def eks_args(
    config: EksClusterConfig,
    *,
    environment: str,
    tier_name: TierName,
    tier: Tier,
    domain: str,
    backup_accounts: Sequence[ServiceAccount],
) -> EksClusterArgs:
    """All that the component is told, with the tier's values where the configuration has none of its own."""
    defaults = EKS_TIERS[tier_name]
    name = config.name or f"{PROJECT}-{environment}"
    scope = AwsScope(account=config.account, region=config.region, name=name, environment=environment, system=_SYSTEM)
    log_days = config.log_days or defaults.log_days
    return EksClusterArgs(
        control_plane=_control_plane(config, scope, log_days, tier),
        network=_network(config, scope, log_days, tier, defaults),
        node_groups={key: _node_group(group) for key, group in node_groups(config, tier_name).items()},
        autoscaler=config.autoscaler or defaults.autoscaler,
        # The account makes it unique in all of AWS.
        backup_bucket=config.backup_bucket or f"{name}-backups-{config.account}",
        backup_days=config.backup_days or defaults.backup_days,
        backup_accounts=backup_accounts,
        storage_class=tier.storage_class,
        domain=_domain(config, domain),
    )


def _control_plane(config: EksClusterConfig, scope: AwsScope, log_days: int, tier: Tier) -> ControlPlaneArgs:
    return ControlPlaneArgs(
        scope=scope,
        version=EKS_VERSIONS[config.version],
        service_cidr=config.service_network,
        public_cidrs=config.public_access,
        access={
            "administrators": config.administrators,
            "developers": config.developers,
            "viewers": config.viewers,
        },
        log_days=log_days,
        protect=tier.protect_data,
    )


def _network(config: EksClusterConfig, scope: AwsScope, log_days: int, tier: Tier, defaults: EksTier) -> NetworkArgs:
    letters = list(config.zones or ascii_lowercase[: tier.zones])
    # The control plane wants a second zone even where the nodes have one.
    others = [letter for letter in ascii_lowercase if letter not in letters]
    both = [*letters, *others][: addresses.control_plane_zones(len(letters))]
    return NetworkArgs(
        scope=scope,
        plan=addresses.plan(config.network, len(letters)),
        zones=[f"{config.region}{letter}" for letter in letters],
        control_plane_zones=[f"{config.region}{letter}" for letter in both],
        nat=config.nat or defaults.nat,
        log_days=log_days,
        protect=tier.protect_data,
    )


def _node_group(group: NodeGroup) -> NodeGroupArgs:
    return NodeGroupArgs(
        instance_types=group.instance_types,
        minimum=group.minimum,
        desired=group.desired,
        maximum=group.maximum,
        spot=group.spot,
        disk=group.disk,
        labels=group.labels,
        taints=group.taints,
    )


def _domain(config: EksClusterConfig, domain: str) -> DomainArgs | None:
    if config.dns is None:
        return None
    return DomainArgs(
        domain=domain,
        zone_id=None if config.dns.zone == "create" else config.dns.zone,
        certificate=config.dns.certificate,
        firewall=config.dns.firewall,
    )
