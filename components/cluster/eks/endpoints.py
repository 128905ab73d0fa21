"""VPC endpoints: what nodes use all the time and would else pay for at the NAT gateway, by the gigabyte."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_aws.ec2 import RouteTable, SecurityGroup, Subnet, Vpc, VpcEndpoint
from pulumi_aws.vpc import SecurityGroupIngressRule

from components.cluster.aws.scope import AwsScope

# Image layers come from S3, by way of a gateway that costs nothing; the rest has interfaces in the private subnets.
_GATEWAY = "s3"
_INTERFACES = ("ecr.api", "ecr.dkr", "sts")


def make(
    scope: AwsScope,
    vpc: Vpc,
    cidr: str,
    *,
    subnets: Sequence[Subnet],
    tables: Sequence[RouteTable],
    opts: pulumi.ResourceOptions,
) -> None:
    """Endpoints for S3, both of ECR, and STS: reached from the VPC's range `cidr`, in `subnets`, by way of `tables`."""
    VpcEndpoint(
        f"{scope.name}-{_GATEWAY}",
        vpc_id=vpc.id,
        service_name=_service(scope, _GATEWAY),
        vpc_endpoint_type="Gateway",
        route_table_ids=[table.id for table in tables],
        tags=scope.tags(f"{scope.name}-{_GATEWAY}"),
        opts=opts,
    )
    group = _security_group(scope, vpc, cidr, opts)
    for service in _INTERFACES:
        name = f"{scope.name}-{service.replace('.', '-')}"
        VpcEndpoint(
            name,
            vpc_id=vpc.id,
            service_name=_service(scope, service),
            vpc_endpoint_type="Interface",
            # The service's usual name then means the endpoint: no client has to know of it.
            private_dns_enabled=True,
            subnet_ids=[subnet.id for subnet in subnets],
            security_group_ids=[group.id],
            tags=scope.tags(name),
            opts=opts,
        )


def _security_group(scope: AwsScope, vpc: Vpc, cidr: str, opts: pulumi.ResourceOptions) -> SecurityGroup:
    name = f"{scope.name}-endpoints"
    group = SecurityGroup(
        name,
        name=name,
        description="HTTPS from the VPC to the endpoints of AWS services",
        vpc_id=vpc.id,
        tags=scope.tags(name),
        opts=opts,
    )
    SecurityGroupIngressRule(
        name,
        security_group_id=group.id,
        description="HTTPS from the VPC",
        cidr_ipv4=cidr,
        ip_protocol="tcp",
        from_port=443,
        to_port=443,
        tags=scope.tags(name),
        opts=opts,
    )
    return group


def _service(scope: AwsScope, service: str) -> str:
    # The services of the Chinese regions are under a domain of their own.
    prefix = "cn.com.amazonaws" if scope.partition == "aws-cn" and service != _GATEWAY else "com.amazonaws"
    return f"{prefix}.{scope.region}.{service}"
