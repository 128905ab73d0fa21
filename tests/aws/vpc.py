"""Networks: VPCs, subnets, gateways, routes, endpoints, flow logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.aws.account import Account, Create, Created, Inputs, RefusedError, tag_list


def _tags(kind: str, inputs: Inputs) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": tag_list(inputs)}] if inputs.get("tags") else []


def _vpc(account: Account, inputs: Inputs) -> Created:
    ec2 = account.client("ec2")
    made = ec2.create_vpc(CidrBlock=inputs["cidrBlock"], TagSpecifications=_tags("vpc", inputs))["Vpc"]
    for attribute in ("enableDnsSupport", "enableDnsHostnames"):
        if attribute in inputs:
            name = attribute[0].upper() + attribute[1:]
            ec2.modify_vpc_attribute(VpcId=made["VpcId"], **{name: {"Value": inputs[attribute]}})
    return made["VpcId"], {}


def _subnet(account: Account, inputs: Inputs) -> Created:
    ec2 = account.client("ec2")
    made = ec2.create_subnet(
        VpcId=inputs["vpcId"],
        CidrBlock=inputs["cidrBlock"],
        AvailabilityZone=inputs["availabilityZone"],
        TagSpecifications=_tags("subnet", inputs),
    )["Subnet"]
    public = {"Value": bool(inputs.get("mapPublicIpOnLaunch"))}
    ec2.modify_subnet_attribute(SubnetId=made["SubnetId"], MapPublicIpOnLaunch=public)
    return made["SubnetId"], {"arn": made["SubnetArn"]}


def _internet_gateway(account: Account, inputs: Inputs) -> Created:
    ec2 = account.client("ec2")
    made = ec2.create_internet_gateway(TagSpecifications=_tags("internet-gateway", inputs))["InternetGateway"]
    ec2.attach_internet_gateway(InternetGatewayId=made["InternetGatewayId"], VpcId=inputs["vpcId"])
    return made["InternetGatewayId"], {}


def _address(account: Account, inputs: Inputs) -> Created:
    made = account.client("ec2").allocate_address(
        Domain=inputs["domain"], TagSpecifications=_tags("elastic-ip", inputs)
    )
    return made["AllocationId"], {"allocationId": made["AllocationId"], "publicIp": made["PublicIp"]}


def _nat_gateway(account: Account, inputs: Inputs) -> Created:
    ec2 = account.client("ec2")
    made = ec2.create_nat_gateway(
        SubnetId=inputs["subnetId"],
        AllocationId=inputs["allocationId"],
        TagSpecifications=_tags("natgateway", inputs),
    )["NatGateway"]
    return made["NatGatewayId"], {}


def _route_table(account: Account, inputs: Inputs) -> Created:
    tags = _tags("route-table", inputs)
    made = account.client("ec2").create_route_table(VpcId=inputs["vpcId"], TagSpecifications=tags)["RouteTable"]
    return made["RouteTableId"], {}


def _association(account: Account, inputs: Inputs) -> Created:
    table, subnet = inputs["routeTableId"], inputs["subnetId"]
    made = account.client("ec2").associate_route_table(RouteTableId=table, SubnetId=subnet)
    return made["AssociationId"], {}


def _route(account: Account, inputs: Inputs) -> Created:
    ec2 = account.client("ec2")
    if "natGatewayId" in inputs:
        # moto takes any text for a gateway.
        ec2.describe_nat_gateways(NatGatewayIds=[inputs["natGatewayId"]])
    if "gatewayId" in inputs:
        ec2.describe_internet_gateways(InternetGatewayIds=[inputs["gatewayId"]])
    names = {"gatewayId": "GatewayId", "natGatewayId": "NatGatewayId"}
    target = {names[key]: inputs[key] for key in names if key in inputs}
    destination = inputs["destinationCidrBlock"]
    ec2.create_route(RouteTableId=inputs["routeTableId"], DestinationCidrBlock=destination, **target)
    return f"r-{inputs['routeTableId']}-{destination}", {}


def _endpoint(account: Account, inputs: Inputs) -> Created:
    ec2 = account.client("ec2")
    names = {"routeTableIds": "RouteTableIds", "subnetIds": "SubnetIds", "securityGroupIds": "SecurityGroupIds"}
    if tables := inputs.get("routeTableIds"):
        ec2.describe_route_tables(RouteTableIds=tables)
    services = [one["ServiceName"] for one in ec2.describe_vpc_endpoint_services()["ServiceDetails"]]
    if inputs["serviceName"] not in services:
        raise RefusedError(f"the VPC endpoint service {inputs['serviceName']} does not exist")
    made = ec2.create_vpc_endpoint(
        VpcId=inputs["vpcId"],
        ServiceName=inputs["serviceName"],
        VpcEndpointType=inputs["vpcEndpointType"],
        PrivateDnsEnabled=bool(inputs.get("privateDnsEnabled")),
        TagSpecifications=_tags("vpc-endpoint", inputs),
        **{names[key]: inputs[key] for key in names if key in inputs},
    )["VpcEndpoint"]
    return made["VpcEndpointId"], {}


def _flow_log(account: Account, inputs: Inputs) -> Created:
    # moto looks up the role and the log group itself, the latter by name.
    account.client("iam").get_role(RoleName=inputs["iamRoleArn"].rpartition("/")[2])
    made = account.client("ec2").create_flow_logs(
        ResourceType="VPC",
        ResourceIds=[inputs["vpcId"]],
        TrafficType=inputs["trafficType"],
        LogDestinationType=inputs["logDestinationType"],
        LogGroupName=inputs["logDestination"].rpartition(":")[2],
        DeliverLogsPermissionArn=inputs["iamRoleArn"],
        MaxAggregationInterval=inputs["maxAggregationInterval"],
        TagSpecifications=_tags("vpc-flow-log", inputs),
    )
    if made["Unsuccessful"]:
        raise RefusedError(str(made["Unsuccessful"]))
    return made["FlowLogIds"][0], {}


CREATE: Mapping[str, Create] = {
    "aws:ec2/eip:Eip": _address,
    "aws:ec2/flowLog:FlowLog": _flow_log,
    "aws:ec2/internetGateway:InternetGateway": _internet_gateway,
    "aws:ec2/natGateway:NatGateway": _nat_gateway,
    "aws:ec2/route:Route": _route,
    "aws:ec2/routeTable:RouteTable": _route_table,
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _association,
    "aws:ec2/subnet:Subnet": _subnet,
    "aws:ec2/vpc:Vpc": _vpc,
    "aws:ec2/vpcEndpoint:VpcEndpoint": _endpoint,
}
