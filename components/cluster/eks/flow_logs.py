"""Which connections there were in the VPC: the only trace that an intruder's leave."""

from __future__ import annotations

import pulumi
from pulumi_aws.cloudwatch import LogGroup
from pulumi_aws.ec2 import FlowLog, Vpc

from components.aws.documents import allow, document, trust
from components.aws.roles import RoleArgs, role
from components.aws.scope import AwsScope

# One record a connection and minute, AWS's finest; ten minutes are too long to follow an attack.
_INTERVAL = 60


def make(scope: AwsScope, vpc: Vpc, days: int, opts: pulumi.ResourceOptions) -> None:
    """Flow logs of all of a VPC's traffic in CloudWatch, kept for some `days`."""
    name = f"{scope.name}-flow-logs"
    group_name = f"/aws/vpc/{scope.name}"
    group = LogGroup(name, name=group_name, retention_in_days=days, tags=scope.tags(name), opts=opts)
    arn = scope.arn("logs", f"log-group:{group_name}")
    policy = document(
        allow(["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"], [arn, f"{arn}:*"])
    )
    args = RoleArgs(
        name=name, trust=trust("vpc-flow-logs.amazonaws.com", account=scope.account), policies={"write": policy}
    )
    granted = role(scope, args, opts)
    FlowLog(
        name,
        vpc_id=vpc.id,
        traffic_type="ALL",
        log_destination_type="cloud-watch-logs",
        log_destination=group.arn,
        iam_role_arn=granted.role.arn,
        max_aggregation_interval=_INTERVAL,
        tags=scope.tags(name),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=list(granted.grants))),
    )
