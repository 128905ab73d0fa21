"""Managed node groups, the launch template of each, and the role of all nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws.ec2 import LaunchTemplate
from pulumi_aws.eks import Cluster, NodeGroup

from components.cluster.aws.identity import GrantedRole, RoleArgs, instance_trust, role
from components.cluster.aws.scope import AwsScope
from components.cluster.eks.args import NodeGroupArgs

# The root volume of Amazon Linux 2023.
_ROOT_DEVICE = "/dev/xvda"
_IMAGE = "AL2023_x86_64_STANDARD"
# An answer of the metadata service dies on the way into a pod, which is one hop more: pods get rights by Pod Identity,
# which needs no metadata, and never those of their node. What runs in the node's own network still reaches it.
_HOP_LIMIT = 1
# Nodes replaced at a time, of all in a group.
_REPLACED_AT_A_TIME = 33


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where nodes go: the cluster, the subnets, and the role that they have."""

    scope: AwsScope
    cluster: Cluster
    subnets: Sequence[pulumi.Output[str]]
    role: GrantedRole


def node_role(scope: AwsScope, opts: pulumi.ResourceOptions) -> GrantedRole:
    """The role of nodes: to join the cluster and to pull images, and nothing of what pods need."""
    policies = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly")
    args = RoleArgs(
        name=f"{scope.name}-nodes", trust=instance_trust(), managed=[scope.managed_policy(one) for one in policies]
    )
    return role(scope, args, opts)


def node_group(
    name: str,
    args: NodeGroupArgs,
    where: Placement,
    opts: pulumi.ResourceOptions,
    depends_on: Sequence[pulumi.Resource],
) -> NodeGroup:
    """A group of nodes over the subnets. Its version is the control plane's, so that it is upgraded after that."""
    full_name = f"{where.scope.name}-{name}"
    template = _launch_template(full_name, args, where.scope, opts)
    return NodeGroup(
        full_name,
        node_group_name=full_name,
        cluster_name=where.cluster.name,
        version=where.cluster.version,
        node_role_arn=where.role.role.arn,
        subnet_ids=list(where.subnets),
        ami_type=_IMAGE,
        capacity_type="SPOT" if args.spot else "ON_DEMAND",
        instance_types=list(args.instance_types),
        launch_template={"id": template.id, "version": template.latest_version.apply(str)},
        scaling_config={"min_size": args.minimum, "desired_size": args.desired, "max_size": args.maximum},
        update_config={"max_unavailable_percentage": _REPLACED_AT_A_TIME},
        node_repair_config={"enabled": True},
        labels={"platform.io/node-group": name, **args.labels},
        taints=[{"key": one.key, "value": one.value, "effect": one.effect} for one in args.taints],
        tags=where.scope.tags(full_name),
        opts=pulumi.ResourceOptions.merge(
            opts,
            pulumi.ResourceOptions(
                depends_on=[*where.role.grants, *depends_on],
                # An autoscaler's from the first day on.
                ignore_changes=["scalingConfig.desiredSize"],
            ),
        ),
    )


def _launch_template(name: str, args: NodeGroupArgs, scope: AwsScope, opts: pulumi.ResourceOptions) -> LaunchTemplate:
    volume = {"volume_type": "gp3", "volume_size": args.disk, "encrypted": "true", "delete_on_termination": "true"}
    tagged = ("instance", "volume", "network-interface")
    return LaunchTemplate(
        name,
        name=name,
        update_default_version=True,
        metadata_options={
            "http_endpoint": "enabled",
            "http_tokens": "required",
            "http_put_response_hop_limit": _HOP_LIMIT,
        },
        block_device_mappings=[{"device_name": _ROOT_DEVICE, "ebs": volume}],
        monitoring={"enabled": True},
        tag_specifications=[{"resource_type": one, "tags": scope.tags(name)} for one in tagged],
        tags=scope.tags(name),
        opts=opts,
    )
