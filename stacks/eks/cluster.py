"""An environment's EKS cluster, and what its stack's outputs say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi_kubernetes import Provider

from components.aws.service_accounts import ServiceAccount
from components.cluster.eks.component import EksCluster
from stacks.eks.plan import eks_args

if TYPE_CHECKING:
    from stacks.config import Environment
    from stacks.eks.config import EksCluster as EksConfig

_NAME = "cluster"
# The database of each system, by system. CloudNativePG gives its pods a service account of the same name.
_DATABASES = {"astrbot": "postgresql-cluster"}


def eks_cluster(config: EksConfig, environment: Environment) -> tuple[Provider, dict[str, object]]:
    """Register the cluster; returns its Kubernetes provider, and outputs for people and for `ops`."""
    args = eks_args(
        config,
        environment=environment.name,
        tier_name=environment.file.tier,
        tier=environment.tier,
        domain=environment.file.domain,
        backup_accounts=_backup_accounts(environment),
    )
    cluster = EksCluster(_NAME, args)
    outputs: dict[str, object] = {
        "cluster_name": args.scope.name,
        "region": args.scope.region,
        "kubernetes_version": args.control_plane.version.minor,
        "backup_bucket": cluster.backups.bucket,
        "backup_key_arn": cluster.backups.key_arn,
    }
    if (domain := cluster.domain) is not None:
        found = {
            "zone_id": domain.zone_id,
            "certificate_arn": domain.certificate_arn,
            "firewall_arn": domain.firewall_arn,
        }
        outputs |= {key: value for key, value in found.items() if value is not None}
    return cluster.provider, outputs


def _backup_accounts(environment: Environment) -> list[ServiceAccount]:
    systems = [name for name, found in environment.file.systems if found is not None]
    return [ServiceAccount(namespace=name, name=_DATABASES[name]) for name in systems if name in _DATABASES]
