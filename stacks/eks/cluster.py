"""An environment's EKS cluster, and what its stack's outputs say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pulumi
from pulumi_kubernetes import Provider

from components.cluster.aws.service_accounts import ServiceAccount
from components.cluster.eks.component import EksCluster
from components.stores.backups import CloudBackups
from components.stores.postgres.args import DUMP_NAME
from stacks.eks.plan import eks_args

if TYPE_CHECKING:
    from stacks.schema.eks import EksClusterConfig
    from stacks.schema.environment import Environment

_NAME = "cluster"


class MadeCluster(NamedTuple):
    """An EKS cluster's Kubernetes provider, outputs for people and for `ops`, and where backups go.

    `needs` is what must be there before a backup is written.
    """

    provider: Provider
    outputs: dict[str, object]
    backups: CloudBackups
    needs: pulumi.Resource


def eks_cluster(config: EksClusterConfig, environment: Environment) -> MadeCluster:
    """Register the cluster."""
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
    backups = CloudBackups(bucket=args.backup_bucket, region=args.scope.region)
    return MadeCluster(cluster.provider, outputs, backups, cluster.backups)


def _backup_accounts(environment: Environment) -> list[ServiceAccount]:
    """Those whose backups go to the bucket that is made with the cluster, and not to one of the system's own.

    CloudNativePG gives the pods of a cluster a service account of the same name; the dump has one of its own.
    """
    systems = [(name, config) for name, config in environment.file.systems if config is not None]
    found = [(name, config.database) for name, config in systems if config.object_storage.kind != "s3"]
    return [
        ServiceAccount(namespace=system, name=account)
        for system, database in found
        for account in (*database.clusters, DUMP_NAME)
    ]
