"""IAM: policy documents as JSON text, roles, and which service accounts of a cluster take them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_aws.eks import PodIdentityAssociation
from pulumi_aws.iam import Role, RolePolicy, RolePolicyAttachment

from components.cluster.aws.scope import AwsScope
from components.cluster.aws.service_accounts import ServiceAccount

# The version of the policy language, not of a document: the only other one is from 2008.
_LANGUAGE = "2012-10-17"
Statement = Mapping[str, Any]


def document(*statements: Statement) -> pulumi.Output[str]:
    """A policy document of some statements, whose values may be outputs."""
    return pulumi.Output.json_dumps({"Version": _LANGUAGE, "Statement": list(statements)}, sort_keys=True)


def allow(
    actions: Sequence[str],
    resources: Sequence[pulumi.Input[str]],
    condition: Mapping[str, Any] | None = None,
) -> Statement:
    """A statement that allows actions on resources, where a condition holds."""
    statement: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    return statement | ({"Condition": dict(condition)} if condition else {})


def trust(service: str, *, account: str) -> pulumi.Output[str]:
    """Who may take a role: a service of AWS such as `eks.amazonaws.com`, on behalf of this account only.

    The condition keeps the service from being talked into using the role for somebody else (the confused deputy).
    """
    condition = {"StringEquals": {"aws:SourceAccount": account}}
    return document(_trusted(service, ["sts:AssumeRole"], condition))


def instance_trust() -> pulumi.Output[str]:
    """The trust of a role that EC2 instances take; EC2 sends no source account for it."""
    return document(_trusted("ec2.amazonaws.com", ["sts:AssumeRole"]))


def pod_trust(cluster_arn: str, *, account: str) -> pulumi.Output[str]:
    """The trust of a role that pods of one cluster take by EKS Pod Identity."""
    condition = {"StringEquals": {"aws:SourceAccount": account}, "ArnEquals": {"aws:SourceArn": cluster_arn}}
    return document(_trusted("pods.eks.amazonaws.com", ["sts:AssumeRole", "sts:TagSession"], condition))


def _trusted(service: str, actions: Sequence[str], condition: Mapping[str, Any] | None = None) -> Statement:
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": {"Service": service}, "Action": list(actions)}
    return statement | ({"Condition": dict(condition)} if condition else {})


# IAM's limit on the name of a role, in characters.
ROLE_NAME_MAX = 64


@dataclass(frozen=True, kw_only=True)
class RoleArgs:
    """A role's `name`, its `trust` policy, `managed` policies by ARN, and `policies` of its own by name."""

    name: str
    trust: pulumi.Input[str]
    managed: Sequence[str] = ()
    policies: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class GrantedRole:
    """A role, and its policies: what works with the role must wait for those too."""

    role: Role
    grants: Sequence[pulumi.Resource]


def role(scope: AwsScope, args: RoleArgs, opts: pulumi.ResourceOptions) -> GrantedRole:
    """A role with all its policies. Raises ValueError for a name that IAM would refuse."""
    if len(args.name) > ROLE_NAME_MAX:
        raise ValueError(f"{args.name!r} has {len(args.name)} characters: a role's name has at most {ROLE_NAME_MAX}")
    made = Role(args.name, name=args.name, assume_role_policy=args.trust, tags=scope.tags(args.name), opts=opts)
    attached = [
        RolePolicyAttachment(f"{args.name}-{arn.rpartition('/')[2]}", role=made.name, policy_arn=arn, opts=opts)
        for arn in args.managed
    ]
    own = [
        RolePolicy(f"{args.name}-{name}", name=name, role=made.name, policy=policy, opts=opts)
        for name, policy in args.policies.items()
    ]
    return GrantedRole(made, (*attached, *own))


@dataclass(frozen=True, kw_only=True)
class PodRoleArgs:
    """A role for pods of a cluster: its `name`, the cluster's name, who takes it, and what it allows.

    `cluster` is an input, so that the association waits for the cluster; `cluster_name` the same as plain text.
    """

    name: str
    cluster: pulumi.Input[str]
    cluster_name: str
    service_accounts: Sequence[ServiceAccount]
    managed: Sequence[str] = ()
    policies: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


def pod_role(scope: AwsScope, args: PodRoleArgs, opts: pulumi.ResourceOptions) -> GrantedRole:
    """A role that some service accounts of one cluster take by EKS Pod Identity, and nobody else."""
    cluster_arn = scope.arn("eks", f"cluster/{args.cluster_name}")
    trust = pod_trust(cluster_arn, account=scope.account)
    granted = role(scope, RoleArgs(name=args.name, trust=trust, managed=args.managed, policies=args.policies), opts)
    for account in args.service_accounts:
        PodIdentityAssociation(
            f"{args.name}-{account.namespace}-{account.name}",
            cluster_name=args.cluster,
            namespace=account.namespace,
            service_account=account.name,
            role_arn=granted.role.arn,
            tags=scope.tags(args.name),
            opts=opts,
        )
    return granted
