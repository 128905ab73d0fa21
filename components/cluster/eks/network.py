"""The VPC of a cluster: subnets over zones, and what reaches the internet through what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network

import pulumi
from pulumi_aws.ec2 import DefaultSecurityGroup, InternetGateway, RouteTable, Subnet, Vpc

from components.cluster.eks import endpoints, flow_logs, routes
from components.cluster.eks.args import NetworkArgs

# By these tags the load balancer controller finds where public and internal load balancers go.
PUBLIC_TAGS = {"kubernetes.io/role/elb": "1"}
PRIVATE_TAGS = {"kubernetes.io/role/internal-elb": "1"}
# By this one Karpenter finds where its nodes go.
DISCOVERY_TAG = "karpenter.sh/discovery"


class Network(pulumi.ComponentResource):
    """A VPC. Outputs: `vpc_id`, `private_subnets` (for nodes), `control_plane_subnets`, `database_subnets`: ids."""

    vpc_id: pulumi.Output[str]
    private_subnets: Sequence[pulumi.Output[str]]
    control_plane_subnets: Sequence[pulumi.Output[str]]
    database_subnets: Sequence[pulumi.Output[str]]

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
        flow_logs.make(args.scope, self._vpc, args.log_days, self._child)
        self.vpc_id = self._vpc.id
        self.private_subnets = [subnet.id for subnet in private]
        self.database_subnets = [subnet.id for subnet in database]
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
        out = routes.to_internet(scope, self._vpc, gateway, public, child)
        gateways = routes.nat_gateways(scope, public if self._args.nat == "zone" else public[:1], out, child)
        return [
            *routes.through_nat(scope, self._vpc, gateways, private, zones=self._args.zones, opts=child),
            routes.nowhere(scope, self._vpc, closed, child),
        ]
