"""An EKS cluster in an AWS account: network, control plane, nodes, add-ons, and what the platform needs beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes
from pulumi_aws import Provider

from components.cluster.aws.buckets import BackupBucket, BackupBucketArgs
from components.cluster.aws.identity import GrantedRole
from components.cluster.eks import addons, autoscaling
from components.cluster.eks.addons import storage_class
from components.cluster.eks.args import EksClusterArgs
from components.cluster.eks.control_plane import ControlPlane, kubeconfig
from components.cluster.eks.network import Network
from components.cluster.eks.nodes import Placement, node_group, node_role
from components.cluster.provider import kubernetes_provider

if TYPE_CHECKING:
    from components.cluster.eks.domain import Domain


class EksCluster(pulumi.ComponentResource):
    """A cluster on EKS.

    Outputs: `provider`, to be passed on in `providers`; `aws`, the AWS provider of its account and region;
    `backups`, the bucket; `domain`, the zone with its certificate and firewall (None: not asked for).
    """

    provider: pulumi_kubernetes.Provider
    aws: Provider
    backups: BackupBucket

    def __init__(self, name: str, args: EksClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:cluster:EksCluster", name, {}, opts)
        self._args, self._scope = args, args.scope
        self.aws = Provider(
            f"{name}-aws",
            region=self._scope.region,
            # Whoever is logged in to another account changes nothing there.
            allowed_account_ids=[self._scope.account],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._child = pulumi.ResourceOptions(parent=self, provider=self.aws)
        below = pulumi.ResourceOptions(parent=self, providers={"aws": self.aws})
        network = Network(f"{name}-network", args.network, below)
        self._plane = ControlPlane(f"{name}-control-plane", args.control_plane, network.control_plane_subnets, below)
        nodes = node_role(self._scope, self._child)
        ready = self._nodes(network, nodes)
        self._autoscaler(nodes)
        self.backups = BackupBucket(f"{name}-backups", self._backup_args(), below)
        # Declared here, since the SDK resolves the annotations of the class.
        self.domain: Domain | None = None
        if args.domain is not None:
            # Only here: the types of the firewall's rules alone take half a second to import.
            from components.cluster.eks.domain import Domain

            self.domain = Domain(f"{name}-domain", self._scope, args.domain, below)
        self.provider = self._kubernetes(name, ready)
        self.register_outputs({})

    def _nodes(self, network: Network, nodes: GrantedRole) -> list[pulumi.Resource]:
        """Node groups and add-ons; returns what must be there before anything runs in the cluster."""
        scope, cluster = self._scope, self._plane.cluster
        installation = addons.Installation(scope=scope, cluster=cluster.name, version=self._args.control_plane.version)
        before = addons.before_nodes(installation, self._child)
        where = Placement(scope=scope, cluster=cluster, subnets=network.private_subnets, role=nodes)
        groups = [node_group(name, group, where, self._child, before) for name, group in self._args.node_groups.items()]
        return [*groups, *addons.on_nodes(installation, groups, self._child)]

    def _autoscaler(self, nodes: GrantedRole) -> None:
        if self._args.autoscaler == "karpenter":
            autoscaling.karpenter(self._scope, self._plane.name, nodes, self._child)
        elif self._args.autoscaler == "cluster-autoscaler":
            autoscaling.cluster_autoscaler(self._scope, self._plane.name, self._child)

    def _backup_args(self) -> BackupBucketArgs:
        return BackupBucketArgs(
            scope=self._scope,
            bucket=self._args.backup_bucket,
            role_name=f"{self._scope.name}-backups",
            cluster=self._plane.name,
            cluster_name=self._scope.name,
            service_accounts=self._args.backup_accounts,
            retention_days=self._args.backup_days,
            protect=self._args.control_plane.protect,
        )

    def _kubernetes(self, name: str, ready: list[pulumi.Resource]) -> pulumi_kubernetes.Provider:
        scope, args = self._scope, self._args
        provider = kubernetes_provider(
            name,
            kubeconfig=kubeconfig(self._plane.cluster, scope.name, scope.region),
            # Whatever runs in the cluster waits for its nodes, its DNS and its volumes.
            opts=pulumi.ResourceOptions(parent=self, depends_on=ready),
        )
        if args.storage_class is not None:
            opts = pulumi.ResourceOptions(parent=self, provider=provider)
            storage_class(args.storage_class, scope, retain=args.control_plane.protect, opts=opts)
        return provider
