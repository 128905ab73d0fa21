"""Security groups and launch templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.aws.account import Account, Create, Created, Inputs, pascal, tag_list


def _security_group(account: Account, inputs: Inputs) -> Created:
    ec2 = account.client("ec2")
    made = ec2.create_security_group(
        GroupName=inputs["name"],
        Description=inputs["description"],
        VpcId=inputs["vpcId"],
        TagSpecifications=[{"ResourceType": "security-group", "Tags": tag_list(inputs)}],
    )
    # As the provider does it: AWS's rule that lets everything out is taken away, unless asked for.
    _without_rules(ec2, made["GroupId"])
    return made["GroupId"], {}


def _default_security_group(account: Account, inputs: Inputs) -> Created:
    """The provider takes over the group that is there, and makes its rules those of the inputs."""
    ec2 = account.client("ec2")
    filters = [{"Name": "vpc-id", "Values": [inputs["vpcId"]]}, {"Name": "group-name", "Values": ["default"]}]
    (group,) = ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    if inputs.get("ingress") or inputs.get("egress"):
        raise NotImplementedError("a default security group with rules")
    ec2.create_tags(Resources=[group["GroupId"]], Tags=tag_list(inputs))
    _without_rules(ec2, group["GroupId"])
    return group["GroupId"], {}


def _without_rules(ec2: Any, group_id: str) -> None:
    (group,) = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    if group["IpPermissions"]:
        ec2.revoke_security_group_ingress(GroupId=group_id, IpPermissions=group["IpPermissions"])
    if group["IpPermissionsEgress"]:
        ec2.revoke_security_group_egress(GroupId=group_id, IpPermissions=group["IpPermissionsEgress"])


def _ingress_rule(account: Account, inputs: Inputs) -> Created:
    permission = {
        "IpProtocol": inputs["ipProtocol"],
        "FromPort": inputs["fromPort"],
        "ToPort": inputs["toPort"],
        "IpRanges": [{"CidrIp": inputs["cidrIpv4"], "Description": inputs.get("description", "")}],
    }
    made = account.client("ec2").authorize_security_group_ingress(
        GroupId=inputs["securityGroupId"], IpPermissions=[permission]
    )
    return made["SecurityGroupRules"][0]["SecurityGroupRuleId"], {}


def _launch_template(account: Account, inputs: Inputs) -> Created:
    metadata = pascal(inputs["metadataOptions"])
    devices = [
        {
            "DeviceName": device["deviceName"],
            # The provider's texts `true` and `false` are booleans to AWS.
            "Ebs": {key: value == "true" if value in ("true", "false") else value for key, value in _ebs(device)},
        }
        for device in inputs["blockDeviceMappings"]
    ]
    data = {
        "MetadataOptions": metadata,
        "BlockDeviceMappings": devices,
        "Monitoring": pascal(inputs["monitoring"]),
        "TagSpecifications": [
            {"ResourceType": one["resourceType"], "Tags": tag_list(one)} for one in inputs["tagSpecifications"]
        ],
    }
    made = account.client("ec2").create_launch_template(
        LaunchTemplateName=inputs["name"],
        LaunchTemplateData=data,
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": tag_list(inputs)}],
    )["LaunchTemplate"]
    return made["LaunchTemplateId"], {"latestVersion": made["LatestVersionNumber"]}


def _ebs(device: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return list(pascal(device["ebs"]).items())


CREATE: Mapping[str, Create] = {
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _default_security_group,
    "aws:ec2/launchTemplate:LaunchTemplate": _launch_template,
    "aws:ec2/securityGroup:SecurityGroup": _security_group,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _ingress_rule,
}
