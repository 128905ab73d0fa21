"""What the autoscaler of nodes needs of AWS: its rights, and for Karpenter the news of instances that will go."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi_aws.cloudwatch import EventRule, EventTarget
from pulumi_aws.sqs import Queue, QueuePolicy

from components.cluster.aws.identity import GrantedRole, PodRoleArgs, Statement, allow, document, pod_role
from components.cluster.aws.scope import AwsScope
from components.cluster.aws.service_accounts import ServiceAccount

_MADE = ("fleet", "instance", "volume", "network-interface", "launch-template", "spot-instances-request")
_USED = ("security-group", "subnet", "capacity-reservation")
_LAUNCH = ("ec2:RunInstances", "ec2:CreateFleet")
_NODEPOOL = "karpenter.sh/nodepool"


def karpenter_statements(scope: AwsScope, *, queue_arn: str, node_role_arn: str) -> list[Statement]:
    """All karpenter_statements of the controller's policy, for the cluster called `scope.name`."""
    return [
        *_launching(scope),
        *_own_instances(scope),
        *_reading(scope),
        allow(["sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"], [queue_arn]),
        *_instance_profiles(scope, node_role_arn),
        allow(["eks:DescribeCluster"], [scope.arn("eks", f"cluster/{scope.name}")]),
    ]


def _launching(scope: AwsScope) -> list[Statement]:
    # Images and their snapshots belong to Amazon, so that their ARNs have no account, or another.
    images = [f"arn:{scope.partition}:ec2:{scope.region}::{kind}/*" for kind in ("image", "snapshot")]
    owned = _tagged(scope, "aws:RequestTag")
    created = {"ec2:CreateAction": ["RunInstances", "CreateFleet", "CreateLaunchTemplate"]}
    return [
        allow(_LAUNCH, [*images, *_resources(scope, _USED)]),
        allow(_LAUNCH, _resources(scope, ["launch-template"]), _tagged(scope, "aws:ResourceTag")),
        allow([*_LAUNCH, "ec2:CreateLaunchTemplate"], _resources(scope, _MADE), owned),
        allow(
            ["ec2:CreateTags"],
            _resources(scope, _MADE),
            {**owned, "StringEquals": {**owned["StringEquals"], **created}},
        ),
    ]


def _own_instances(scope: AwsScope) -> list[Statement]:
    kinds = _resources(scope, ["instance", "launch-template"])
    keys = {"ForAllValues:StringEquals": {"aws:TagKeys": ["eks:eks-cluster-name", "karpenter.sh/nodeclaim", "Name"]}}
    own = _tagged(scope, "aws:ResourceTag")
    return [
        allow(["ec2:TerminateInstances", "ec2:DeleteLaunchTemplate"], kinds, own),
        allow(["ec2:CreateTags"], _resources(scope, ["instance"]), {**own, **keys}),
    ]


def _reading(scope: AwsScope) -> list[Statement]:
    """What AWS can allow on all resources only."""
    kinds = (
        *("AvailabilityZones", "CapacityReservations", "Images", "Instances", "InstanceTypeOfferings"),
        *("InstanceTypes", "LaunchTemplates", "SecurityGroups", "SpotPriceHistory", "Subnets", "InstanceStatus"),
    )
    here = {"StringEquals": {"aws:RequestedRegion": scope.region}}
    parameters = f"arn:{scope.partition}:ssm:{scope.region}::parameter/aws/service/*"
    return [
        allow([f"ec2:Describe{kind}" for kind in kinds], ["*"], here),
        allow(["pricing:GetProducts"], ["*"]),
        allow(["ssm:GetParameter"], [parameters]),
    ]


def _instance_profiles(scope: AwsScope, node_role_arn: str) -> list[Statement]:
    profiles = [scope.global_arn("iam", "instance-profile/*")]
    owner, region = f"kubernetes.io/cluster/{scope.name}", "topology.kubernetes.io/region"

    def equal(tag: str) -> Mapping[str, object]:
        return {"StringEquals": {f"{tag}/{owner}": "owned", f"{tag}/{region}": scope.region}}

    changes = ("AddRoleToInstanceProfile", "RemoveRoleFromInstanceProfile", "DeleteInstanceProfile")
    return [
        allow(["iam:PassRole"], [node_role_arn], {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}),
        allow(["iam:CreateInstanceProfile", "iam:TagInstanceProfile"], profiles, equal("aws:RequestTag")),
        allow([f"iam:{one}" for one in changes], profiles, equal("aws:ResourceTag")),
        allow(["iam:GetInstanceProfile"], profiles),
        allow(["iam:ListInstanceProfiles"], ["*"]),
    ]


def _resources(scope: AwsScope, kinds: Sequence[str]) -> list[str]:
    return [f"arn:{scope.partition}:ec2:{scope.region}:*:{kind}/*" for kind in kinds]


def _tagged(scope: AwsScope, where: str) -> dict[str, dict[str, object]]:
    owner = {f"{where}/kubernetes.io/cluster/{scope.name}": "owned"}
    return {"StringEquals": {**owner}, "StringLike": {f"{where}/{_NODEPOOL}": "*"}}


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
    statements = karpenter_statements(
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
