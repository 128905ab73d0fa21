"""Where packets of each kind of subnet go."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_aws.ec2 import Eip, InternetGateway, NatGateway, Route, RouteTable, RouteTableAssociation, Subnet, Vpc

from components.aws.scope import AwsScope

_EVERYWHERE = "0.0.0.0/0"


def to_internet(
    scope: AwsScope, vpc: Vpc, gateway: InternetGateway, subnets: Sequence[Subnet], opts: pulumi.ResourceOptions
) -> Route:
    """Public subnets: straight to the internet. Returns the route, without which no NAT gateway works."""
    table = _table(scope, f"{scope.name}-public", vpc, subnets, opts)
    return Route(
        f"{scope.name}-public",
        route_table_id=table.id,
        destination_cidr_block=_EVERYWHERE,
        gateway_id=gateway.id,
        opts=opts,
    )


def nat_gateways(
    scope: AwsScope, subnets: Sequence[Subnet], route: Route, opts: pulumi.ResourceOptions
) -> list[NatGateway]:
    """A NAT gateway with an address of its own in each of some public subnets."""
    made = []
    for index, subnet in enumerate(subnets):
        name = f"{scope.name}-nat-{index}"
        address = Eip(name, domain="vpc", tags=scope.tags(name), opts=opts)
        after = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[route]))
        made.append(
            NatGateway(
                name, subnet_id=subnet.id, allocation_id=address.allocation_id, tags=scope.tags(name), opts=after
            )
        )
    return made


def through_nat(
    scope: AwsScope,
    vpc: Vpc,
    gateways: Sequence[NatGateway],
    subnets: Sequence[Subnet],
    *,
    zones: Sequence[str],
    opts: pulumi.ResourceOptions,
) -> list[RouteTable]:
    """Private subnets: out through the NAT gateway of their zone, or through the only one there is."""
    tables = []
    for index, (subnet, zone) in enumerate(zip(subnets, zones, strict=True)):
        name = f"{scope.name}-private-{zone}"
        table = _table(scope, name, vpc, [subnet], opts)
        gateway = gateways[index % len(gateways)]
        Route(name, route_table_id=table.id, destination_cidr_block=_EVERYWHERE, nat_gateway_id=gateway.id, opts=opts)
        tables.append(table)
    return tables


def nowhere(scope: AwsScope, vpc: Vpc, subnets: Sequence[Subnet], opts: pulumi.ResourceOptions) -> RouteTable:
    """Subnets that reach the VPC alone: those of databases, and of the control plane's interfaces."""
    return _table(scope, f"{scope.name}-internal", vpc, subnets, opts)


def _table(scope: AwsScope, name: str, vpc: Vpc, subnets: Sequence[Subnet], opts: pulumi.ResourceOptions) -> RouteTable:
    table = RouteTable(name, vpc_id=vpc.id, tags=scope.tags(name), opts=opts)
    for index, subnet in enumerate(subnets):
        RouteTableAssociation(f"{name}-{index}", route_table_id=table.id, subnet_id=subnet.id, opts=opts)
    return table
