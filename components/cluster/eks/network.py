"""The VPC of a cluster: subnets over zones, where the packets of each kind of subnet go, and the log of connections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network

import pulumi
from pulumi_aws.cloudwatch import LogGroup
from pulumi_aws.ec2 import (
    DefaultSecurityGroup,
    Eip,
    FlowLog,
    InternetGateway,
    NatGateway,
    Route,
    RouteTable,
    RouteTableAssociation,
    Subnet,
    Vpc,
)

from components.cluster.aws.identity import RoleArgs, allow, document, role, trust
from components.cluster.aws.scope import AwsScope
from components.cluster.eks import endpoints
from components.cluster.eks.args import NetworkArgs

# One record a connection and minute, AWS's finest; ten minutes are too long to follow an attack.
_INTERVAL = 60


def make_flow_logs(scope: AwsScope, vpc: Vpc, days: int, opts: pulumi.ResourceOptions) -> None:
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


# By these tags the load balancer controller finds where public and internal load balancers go.
PUBLIC_TAGS = {"kubernetes.io/role/elb": "1"}
PRIVATE_TAGS = {"kubernetes.io/role/internal-elb": "1"}
# By this one Karpenter finds where its nodes go.
DISCOVERY_TAG = "karpenter.sh/discovery"


class Network(pulumi.ComponentResource):
    """A VPC. Outputs: `vpc_id`, `private_subnets` (for nodes), `control_plane_subnets`: ids."""

    vpc_id: pulumi.Output[str]
    private_subnets: Sequence[pulumi.Output[str]]
    control_plane_subnets: Sequence[pulumi.Output[str]]

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:aws:Network", name, {}, opts)
        self._args, self._child = args, pulumi.ResourceOptions(parent=self)
        self._vpc = self._make_vpc()
        discovery = {DISCOVERY_TAG: args.scope.name}
        public = self._subnets("public", args.plan.public, args.zones, PUBLIC_TAGS)
        private = self._subnets("private", args.plan.private, args.zones, {**PRIVATE_TAGS, **discovery})
        database = self._subnets("database", args.plan.database, args.zones, {})
        control_plane = self._subnets("control-plane", args.plan.control_plane, args.control_plane_zones, {})
        tables = self._routes(public, private, (*database, *control_plane))
        endpoints.make(args.scope, self._vpc, str(args.plan.vpc), subnets=private, tables=tables, opts=self._child)
        make_flow_logs(args.scope, self._vpc, args.log_days, self._child)
        self.vpc_id = self._vpc.id
        self.private_subnets = [subnet.id for subnet in private]
        self.control_plane_subnets = [subnet.id for subnet in control_plane]
        self.register_outputs({"vpc_id": self.vpc_id, "private_subnets": self.private_subnets})

    def _make_vpc(self) -> Vpc:
        scope = self._args.scope
        vpc = Vpc(
            scope.name,
            cidr_block=str(self._args.plan.vpc),
            # The private endpoints of EKS and of AWS's services are found by DNS.
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=scope.tags(scope.name),
            opts=pulumi.ResourceOptions(parent=self, protect=self._args.protect),
        )
        # Without rules: whatever forgets to name a security group gets this one, and must reach nothing.
        name = f"{scope.name}-default"
        DefaultSecurityGroup(name, vpc_id=vpc.id, ingress=[], egress=[], tags=scope.tags(name), opts=self._child)
        return vpc

    def _subnets(
        self, kind: str, ranges: Sequence[IPv4Network], zones: Sequence[str], tags: Mapping[str, str]
    ) -> list[Subnet]:
        scope = self._args.scope
        names = [f"{scope.name}-{kind}-{zone}" for zone in zones]
        return [
            Subnet(
                name,
                vpc_id=self._vpc.id,
                availability_zone=zone,
                cidr_block=str(cidr),
                # Not even in public subnets: load balancers and NAT gateways have addresses of their own.
                map_public_ip_on_launch=False,
                tags=scope.tags(name, **tags),
                opts=self._child,
            )
            for name, zone, cidr in zip(names, zones, ranges, strict=True)
        ]

    def _routes(
        self, public: Sequence[Subnet], private: Sequence[Subnet], closed: Sequence[Subnet]
    ) -> list[RouteTable]:
        """The route tables of the subnets without an address of their own in the internet."""
        scope, child = self._args.scope, self._child
        gateway = InternetGateway(scope.name, vpc_id=self._vpc.id, tags=scope.tags(scope.name), opts=child)
        out = to_internet(scope, self._vpc, gateway, public, child)
        gateways = nat_gateways(scope, public if self._args.nat == "zone" else public[:1], out, child)
        return [
            *through_nat(scope, self._vpc, gateways, private, zones=self._args.zones, opts=child),
            nowhere(scope, self._vpc, closed, child),
        ]
