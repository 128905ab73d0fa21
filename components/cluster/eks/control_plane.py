"""The control plane: its endpoint, its logs, its key, who may do what, and the kubeconfig that reaches it."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pulumi
from pulumi_aws.cloudwatch import LogGroup
from pulumi_aws.eks import AccessEntry, AccessPolicyAssociation, Cluster
from pulumi_aws.iam import OpenIdConnectProvider
from pulumi_aws.kms import Key

from components.cluster.aws.buckets import key
from components.cluster.aws.identity import GrantedRole, RoleArgs, allow, document, role, trust
from components.cluster.eks.args import ControlPlaneArgs, Role

_LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")
# The policies of EKS that need no RBAC object, so that they hold in an empty cluster; reading leaves out Secrets.
# What developers may change is RBAC's, by their group.
_POLICIES: dict[Role, str] = {
    "administrators": "AmazonEKSClusterAdminPolicy",
    "developers": "AmazonEKSViewPolicy",
    "viewers": "AmazonEKSViewPolicy",
}
# The groups of Kubernetes that RoleBindings name.
GROUPS: dict[Role, str] = {one: f"platform:{one}" for one in _POLICIES}


class ControlPlane(pulumi.ComponentResource):
    """An EKS control plane. Outputs: `cluster`, the resource itself, and `name`, which waits for it."""

    cluster: Cluster
    name: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        args: ControlPlaneArgs,
        subnets: Sequence[pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("platform:cluster:ControlPlane", name, {}, opts)
        self._args, self._child = args, pulumi.ResourceOptions(parent=self)
        scope, kept = args.scope, pulumi.ResourceOptions(parent=self, protect=args.protect)
        secrets = key(scope, f"{scope.name}-secrets", "Encrypts the Secrets of the cluster in etcd", kept)
        granted = self._role(secrets)
        # Made before the cluster, which would else make it itself, and keep everything for good.
        group = f"/aws/eks/{scope.name}/cluster"
        log = LogGroup(
            f"{scope.name}-control-plane",
            name=group,
            retention_in_days=args.log_days,
            tags=scope.tags(group),
            opts=self._child,
        )
        self.cluster = self._cluster(subnets, secrets, granted, log)
        self.name = self.cluster.name
        for kind, principals in args.access.items():
            for index, principal in enumerate(principals):
                self._grant(kind, index, principal)
        self._identity_provider()
        self.register_outputs({"name": self.name, "endpoint": self.cluster.endpoint})

    def _role(self, secrets: Key) -> GrantedRole:
        scope = self._args.scope
        uses_key = allow(["kms:Encrypt", "kms:Decrypt", "kms:ListGrants", "kms:DescribeKey"], [secrets.arn])
        return role(
            scope,
            RoleArgs(
                name=f"{scope.name}-control-plane",
                trust=trust("eks.amazonaws.com", account=scope.account),
                managed=[scope.managed_policy("AmazonEKSClusterPolicy")],
                policies={"secrets": document(uses_key)},
            ),
            self._child,
        )

    def _cluster(
        self, subnets: Sequence[pulumi.Input[str]], secrets: Key, granted: GrantedRole, log: LogGroup
    ) -> Cluster:
        args = self._args
        public = {"public_access_cidrs": list(args.public_cidrs)} if args.public_cidrs else {}
        return Cluster(
            args.scope.name,
            name=args.scope.name,
            version=args.version.minor,
            role_arn=granted.role.arn,
            vpc_config={
                "subnet_ids": list(subnets),
                "endpoint_private_access": True,
                "endpoint_public_access": bool(args.public_cidrs),
                **public,
            },
            kubernetes_network_config={"service_ipv4_cidr": args.service_cidr},
            # Entries alone, and none for whoever makes the cluster: the list below is all that there is.
            access_config={"authentication_mode": "API", "bootstrap_cluster_creator_admin_permissions": False},
            # They are add-ons of a version of ours instead.
            bootstrap_self_managed_addons=False,
            encryption_config={"resources": ["secrets"], "provider": {"key_arn": secrets.arn}},
            enabled_cluster_log_types=list(_LOGS),
            # When support ends AWS upgrades by itself, instead of charging six times as much.
            upgrade_policy={"support_type": "STANDARD"},
            deletion_protection=args.protect,
            tags=args.scope.tags(args.scope.name),
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect, depends_on=[log, *granted.grants]),
        )

    def _grant(self, kind: Role, index: int, principal: str) -> None:
        scope, name = self._args.scope, f"{self._args.scope.name}-{kind}-{index}"
        entry = AccessEntry(
            name,
            cluster_name=self.name,
            principal_arn=principal,
            kubernetes_groups=[GROUPS[kind]],
            type="STANDARD",
            tags=scope.tags(name),
            opts=self._child,
        )
        AccessPolicyAssociation(
            name,
            cluster_name=self.name,
            principal_arn=entry.principal_arn,
            policy_arn=f"arn:{scope.partition}:eks::aws:cluster-access-policy/{_POLICIES[kind]}",
            access_scope={"type": "cluster"},
            opts=self._child,
        )

    def _identity_provider(self) -> None:
        """Lets IAM trust service accounts: for what knows no Pod Identity, such as a cluster in another account."""
        scope = self._args.scope
        OpenIdConnectProvider(
            scope.name,
            url=self.cluster.identities.apply(lambda found: found[0].oidcs[0].issuer),
            client_id_lists=["sts.amazonaws.com"],
            tags=scope.tags(scope.name),
            opts=self._child,
        )


def kubeconfig(cluster: Cluster, name: str, region: str) -> pulumi.Output[str]:
    """The kubeconfig as text, and as a secret: it says where the cluster is, and who the people are who reach it."""
    found = pulumi.Output.all(cluster.endpoint, cluster.certificate_authority.data)
    return pulumi.Output.secret(found.apply(lambda both: as_text(name, region, *both)))


def as_text(name: str, region: str, endpoint: str, certificate: str) -> str:
    """The kubeconfig of the cluster `name`, for its `endpoint` and its certificate authority (PEM in base64)."""
    command = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": ["eks", "get-token", "--cluster-name", name, "--region", region, "--output", "json"],
        "interactiveMode": "Never",
    }
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": endpoint, "certificate-authority-data": certificate}}],
        "users": [{"name": name, "user": {"exec": command}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    return json.dumps(document, sort_keys=True)
