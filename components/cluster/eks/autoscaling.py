"""What the autoscaler of nodes needs of AWS: its rights, and for Karpenter the news of instances that will go.

The controllers themselves are operators, which run in the cluster.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_aws.cloudwatch import EventRule, EventTarget
from pulumi_aws.sqs import Queue, QueuePolicy

from components.aws.documents import Statement, allow, document
from components.aws.roles import GrantedRole, PodRoleArgs, pod_role
from components.aws.scope import AwsScope
from components.aws.service_accounts import ServiceAccount
from components.cluster.eks import karpenter_policy

KARPENTER = ServiceAccount(namespace="kube-system", name="karpenter")
CLUSTER_AUTOSCALER = ServiceAccount(namespace="kube-system", name="cluster-autoscaler")
# Two minutes before a spot instance goes AWS says so: what was not read by then is of no use.
_MESSAGE_SECONDS = 300
# What Karpenter drains a node for, by name: the event's source and its kind.
_EVENTS: Mapping[str, tuple[str, str]] = {
    "health": ("aws.health", "AWS Health Event"),
    "rebalance": ("aws.ec2", "EC2 Instance Rebalance Recommendation"),
    "spot-interruption": ("aws.ec2", "EC2 Spot Instance Interruption Warning"),
    "state-change": ("aws.ec2", "EC2 Instance State-change Notification"),
}


def karpenter(scope: AwsScope, cluster: pulumi.Input[str], nodes: GrantedRole, opts: pulumi.ResourceOptions) -> None:
    """Karpenter's queue of interruptions, and its role; its nodes have the role of all the others."""
    _interruptions(scope, opts)
    statements = karpenter_policy.statements(
        scope,
        queue_arn=scope.arn("sqs", _queue(scope)),
        node_role_arn=scope.global_arn("iam", f"role/{scope.name}-nodes"),
    )
    # Not by the role's own output: a policy that a preview can read is one that it can judge.
    waiting = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[nodes.role]))
    pod_role(scope, _role(scope, cluster, "karpenter", KARPENTER, statements), waiting)


def cluster_autoscaler(scope: AwsScope, cluster: pulumi.Input[str], opts: pulumi.ResourceOptions) -> None:
    """The Cluster Autoscaler's role: it changes the size of this cluster's groups, by the tag that EKS gives them."""
    describe = ("AutoScalingGroups", "AutoScalingInstances", "LaunchConfigurations", "ScalingActivities", "Tags")
    instances = ("ec2:DescribeImages", "ec2:DescribeInstanceTypes", "ec2:DescribeLaunchTemplateVersions")
    own = {"StringEquals": {f"aws:ResourceTag/k8s.io/cluster-autoscaler/{scope.name}": "owned"}}
    groups = scope.arn("autoscaling", "autoScalingGroup:*")
    statements = [
        allow([*(f"autoscaling:Describe{one}" for one in describe), *instances], ["*"]),
        allow(["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"], [groups], own),
        allow(["eks:DescribeNodegroup"], [scope.arn("eks", f"nodegroup/{scope.name}/*")]),
    ]
    pod_role(scope, _role(scope, cluster, "cluster-autoscaler", CLUSTER_AUTOSCALER, statements), opts)


def _role(
    scope: AwsScope, cluster: pulumi.Input[str], name: str, account: ServiceAccount, statements: list[Statement]
) -> PodRoleArgs:
    return PodRoleArgs(
        name=f"{scope.name}-{name}",
        cluster=cluster,
        cluster_name=scope.name,
        service_accounts=[account],
        policies={name: document(*statements)},
    )


def _queue(scope: AwsScope) -> str:
    return f"{scope.name}-interruptions"


def _interruptions(scope: AwsScope, opts: pulumi.ResourceOptions) -> None:
    name = _queue(scope)
    queue = Queue(
        name,
        name=name,
        message_retention_seconds=_MESSAGE_SECONDS,
        sqs_managed_sse_enabled=True,
        tags=scope.tags(name),
        opts=opts,
    )
    QueuePolicy(name, queue_url=queue.url, policy=_queue_policy(scope, name), opts=opts)
    for event, (source, kind) in _EVENTS.items():
        full_name = f"{scope.name}-{event}"
        pattern = json.dumps({"source": [source], "detail-type": [kind]}, sort_keys=True)
        rule = EventRule(full_name, name=full_name, event_pattern=pattern, tags=scope.tags(full_name), opts=opts)
        EventTarget(full_name, rule=rule.name, arn=queue.arn, target_id="karpenter", opts=opts)


def _queue_policy(scope: AwsScope, name: str) -> pulumi.Output[str]:
    arn = scope.arn("sqs", name)
    sending: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": ["events.amazonaws.com", "sqs.amazonaws.com"]},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    plain = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return document(sending, plain)
