"""What Karpenter's controller may do: with what it made for this cluster, and nothing else.

After the controller policy of Karpenter's reference (https://karpenter.sh/docs/reference/cloudformation/), version 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from components.aws.documents import Statement, allow
from components.aws.scope import AwsScope

_MADE = ("fleet", "instance", "volume", "network-interface", "launch-template", "spot-instances-request")
_USED = ("security-group", "subnet", "capacity-reservation")
_LAUNCH = ("ec2:RunInstances", "ec2:CreateFleet")
_NODEPOOL = "karpenter.sh/nodepool"


def statements(scope: AwsScope, *, queue_arn: str, node_role_arn: str) -> list[Statement]:
    """All statements of the controller's policy, for the cluster called `scope.name`."""
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
