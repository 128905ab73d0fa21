"""The add-ons that EKS installs and keeps, each of the version that belongs to the cluster's, and the StorageClass."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_aws.eks import Addon
from pulumi_kubernetes.storage.v1 import StorageClass

from components.cluster.aws.identity import RoleArgs, pod_trust, role
from components.cluster.aws.scope import AwsScope
from components.kubernetes.naming import Scope
from components.kubernetes.objects import kept
from versions import EksVersion


@dataclass(frozen=True, kw_only=True)
class _Addon:
    """An add-on's settings, and the service account with the policy of AWS that it needs, if it calls AWS."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    service_account: str | None = None
    policy: str | None = None


_BEFORE_NODES: Mapping[str, _Addon] = {
    "eks-pod-identity-agent": _Addon(),
    "kube-proxy": _Addon(),
    "vpc-cni": _Addon(
        settings={
            # What makes NetworkPolicies more than documents.
            "enableNetworkPolicy": "true",
            # Prefixes of 16 addresses instead of single ones: 110 pods on a node that else has room for 17.
            "env": {"ENABLE_PREFIX_DELEGATION": "true", "WARM_PREFIX_TARGET": "1"},
        },
        service_account="aws-node",
        policy="AmazonEKS_CNI_Policy",
    ),
}
_ON_NODES: Mapping[str, _Addon] = {
    "coredns": _Addon(),
    "metrics-server": _Addon(),
    "aws-ebs-csi-driver": _Addon(
        service_account="ebs-csi-controller-sa", policy="service-role/AmazonEBSCSIDriverPolicy"
    ),
}
ADDONS = (*_BEFORE_NODES, *_ON_NODES)


@dataclass(frozen=True, kw_only=True)
class Installation:
    """Where add-ons are installed: the cluster, by a name that waits for it, and the version that theirs belong to."""

    scope: AwsScope
    cluster: pulumi.Input[str]
    version: EksVersion


def before_nodes(where: Installation, opts: pulumi.ResourceOptions) -> list[Addon]:
    """The add-ons without which no node gets ready."""
    return [_addon(where, name, addon, opts) for name, addon in _BEFORE_NODES.items()]


def on_nodes(where: Installation, nodes: Sequence[pulumi.Resource], opts: pulumi.ResourceOptions) -> list[Addon]:
    """The add-ons that run on nodes, after those."""
    after = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=list(nodes)))
    return [_addon(where, name, addon, after) for name, addon in _ON_NODES.items()]


def _addon(where: Installation, name: str, addon: _Addon, opts: pulumi.ResourceOptions) -> Addon:
    full_name = f"{where.scope.name}-{name}"
    return Addon(
        full_name,
        cluster_name=where.cluster,
        addon_name=name,
        addon_version=where.version.addons[name],
        configuration_values=json.dumps(addon.settings, sort_keys=True) if addon.settings else None,
        pod_identity_associations=_identity(where.scope, full_name, addon, opts),
        # This program says what it is like; a change by hand goes with the next update.
        resolve_conflicts_on_create="OVERWRITE",
        resolve_conflicts_on_update="OVERWRITE",
        tags=where.scope.tags(full_name),
        opts=opts,
    )


def _identity(
    scope: AwsScope, name: str, addon: _Addon, opts: pulumi.ResourceOptions
) -> list[Mapping[str, pulumi.Input[str]]] | None:
    if addon.service_account is None or addon.policy is None:
        return None
    trust = pod_trust(scope.arn("eks", f"cluster/{scope.name}"), account=scope.account)
    granted = role(scope, RoleArgs(name=name, trust=trust, managed=[scope.managed_policy(addon.policy)]), opts)
    return [{"service_account": addon.service_account, "role_arn": granted.role.arn}]


def storage_class(name: str, scope: AwsScope, *, retain: bool, opts: pulumi.ResourceOptions) -> StorageClass:
    """Encrypted gp3 volumes, made in the zone of the pod that asks.

    `retain` keeps a volume whose claim is deleted, and the class itself: a pod that lost its volume gets no other.

    gp3 has 3,000 operations and 125 MiB a second whatever the size is (EBS User Guide, "General Purpose SSD volumes").
    """
    labels = Scope(namespace="", system=scope.system, environment=scope.environment).labels(name)
    return StorageClass(
        name,
        metadata={"name": name, "labels": labels},
        provisioner="ebs.csi.aws.com",
        parameters={"type": "gp3", "encrypted": "true"},
        reclaim_policy="Retain" if retain else "Delete",
        volume_binding_mode="WaitForFirstConsumer",
        allow_volume_expansion=True,
        opts=kept(retain, opts),
    )
