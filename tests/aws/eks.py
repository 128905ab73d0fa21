"""EKS. moto keeps clusters and node groups without looking at what they refer to; here that is looked up first.

moto 5.2 has no calls for add-ons, access entries and Pod Identity associations: what they refer to is looked up, and
they are noted as only checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.aws.account import Account, Create, Created, Inputs, RefusedError


def _role(account: Account, arn: str, *, service: str) -> None:
    """A role that is there and that the service may take."""
    role = account.client("iam").get_role(RoleName=arn.rpartition("/")[2])["Role"]
    trusted = [one["Principal"].get("Service") for one in role["AssumeRolePolicyDocument"]["Statement"]]
    if role["Arn"] != arn or service not in trusted:
        raise RefusedError(f"{arn}: {service} may not take this role")


def _zones(account: Account, subnets: list[str]) -> set[str]:
    found = account.client("ec2").describe_subnets(SubnetIds=subnets)["Subnets"]
    return {subnet["AvailabilityZone"] for subnet in found}


def _cluster(account: Account, inputs: Inputs) -> Created:
    network, eks = inputs["vpcConfig"], account.client("eks")
    _role(account, inputs["roleArn"], service="eks.amazonaws.com")
    if len(_zones(account, network["subnetIds"])) < 2:
        raise RefusedError("Subnets specified must be in at least two different AZs")
    encryption = inputs["encryptionConfig"]
    key = account.client("kms").describe_key(KeyId=encryption["provider"]["keyArn"])["KeyMetadata"]
    if key["KeySpec"] != "SYMMETRIC_DEFAULT":
        raise RefusedError("The key must be symmetric")
    made = eks.create_cluster(
        name=inputs["name"],
        version=inputs["version"],
        roleArn=inputs["roleArn"],
        resourcesVpcConfig=network,
        kubernetesNetworkConfig={"serviceIpv4Cidr": inputs["kubernetesNetworkConfig"]["serviceIpv4Cidr"]},
        encryptionConfig=[encryption],
        logging={"clusterLogging": [{"types": inputs["enabledClusterLogTypes"], "enabled": True}]},
        tags=inputs["tags"],
        accessConfig=inputs["accessConfig"],
        bootstrapSelfManagedAddons=inputs["bootstrapSelfManagedAddons"],
        upgradePolicy=inputs["upgradePolicy"],
        deletionProtection=inputs["deletionProtection"],
    )["cluster"]
    return made["name"], {
        "arn": made["arn"],
        "endpoint": made["endpoint"],
        "certificateAuthority": made["certificateAuthority"],
        "identities": [{"oidcs": [made["identity"]["oidc"]]}],
    }


def _node_group(account: Account, inputs: Inputs) -> Created:
    eks, ec2 = account.client("eks"), account.client("ec2")
    cluster = eks.describe_cluster(name=inputs["clusterName"])["cluster"]
    if inputs["version"] != cluster["version"]:
        raise RefusedError(f"nodes of {inputs['version']} in a cluster of {cluster['version']}")
    _role(account, inputs["nodeRoleArn"], service="ec2.amazonaws.com")
    _same_vpc(account, cluster, inputs["subnetIds"])
    # Unknown types are refused by moto's table of those of AWS.
    ec2.describe_instance_types(InstanceTypes=inputs["instanceTypes"])
    template = inputs["launchTemplate"]
    ec2.describe_launch_template_versions(LaunchTemplateId=template["id"], Versions=[template["version"]])
    scaling = inputs["scalingConfig"]
    if not scaling["minSize"] <= scaling["desiredSize"] <= scaling["maxSize"]:
        raise RefusedError(f"Minimum, desired and maximum are not in order: {scaling}")
    made = eks.create_nodegroup(
        clusterName=inputs["clusterName"],
        nodegroupName=inputs["nodeGroupName"],
        version=inputs["version"],
        nodeRole=inputs["nodeRoleArn"],
        subnets=inputs["subnetIds"],
        amiType=inputs["amiType"],
        capacityType=inputs["capacityType"],
        instanceTypes=inputs["instanceTypes"],
        launchTemplate=dict(template),
        scalingConfig=scaling,
        labels=inputs["labels"],
        taints=inputs.get("taints", []),
        tags=inputs["tags"],
    )["nodegroup"]
    return f"{inputs['clusterName']}:{made['nodegroupName']}", {"arn": made["nodegroupArn"]}


def _same_vpc(account: Account, cluster: Mapping[str, Any], subnets: list[str]) -> None:
    of_cluster = cluster["resourcesVpcConfig"]["subnetIds"]
    found = account.client("ec2").describe_subnets(SubnetIds=[*of_cluster, *subnets])["Subnets"]
    if len({subnet["VpcId"] for subnet in found}) > 1:
        raise RefusedError("nodes in another VPC than their cluster's")


def _addon(account: Account, inputs: Inputs) -> Created:
    account.client("eks").describe_cluster(name=inputs["clusterName"])
    for association in inputs.get("podIdentityAssociations", []):
        _role(account, association["roleArn"], service="pods.eks.amazonaws.com")
    account.only_checked("aws:eks/addon:Addon", inputs)
    return f"{inputs['clusterName']}:{inputs['addonName']}", {}


def _access_entry(account: Account, inputs: Inputs) -> Created:
    account.client("eks").describe_cluster(name=inputs["clusterName"])
    reserved = [group for group in inputs["kubernetesGroups"] if group.startswith(("system:", "eks:", "aws:"))]
    if reserved:
        raise RefusedError(
            f"The kubernetes group name {reserved[0]} is invalid, it cannot start with a reserved prefix"
        )
    account.only_checked("aws:eks/accessEntry:AccessEntry", inputs)
    return f"{inputs['clusterName']}:{inputs['principalArn']}", {}


def _access_policy(account: Account, inputs: Inputs) -> Created:
    entries = account.not_in_moto.get("aws:eks/accessEntry:AccessEntry", [])
    if inputs["principalArn"] not in [one["principalArn"] for one in entries]:
        raise RefusedError(f"The access entry of {inputs['principalArn']} does not exist")
    account.only_checked("aws:eks/accessPolicyAssociation:AccessPolicyAssociation", inputs)
    return f"{inputs['clusterName']}#{inputs['principalArn']}#{inputs['policyArn']}", {}


def _pod_identity(account: Account, inputs: Inputs) -> Created:
    cluster = account.client("eks").describe_cluster(name=inputs["clusterName"])["cluster"]
    _role(account, inputs["roleArn"], service="pods.eks.amazonaws.com")
    known = account.not_in_moto.setdefault("aws:eks/podIdentityAssociation:PodIdentityAssociation", [])
    whose = (inputs["namespace"], inputs["serviceAccount"])
    if whose in [(one["namespace"], one["serviceAccount"]) for one in known]:
        raise RefusedError(f"Association already exists for {'/'.join(whose)}")
    account.only_checked("aws:eks/podIdentityAssociation:PodIdentityAssociation", inputs)
    return f"{cluster['name']}-{'-'.join(whose)}", {}


CREATE: Mapping[str, Create] = {
    "aws:eks/accessEntry:AccessEntry": _access_entry,
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": _access_policy,
    "aws:eks/addon:Addon": _addon,
    "aws:eks/cluster:Cluster": _cluster,
    "aws:eks/nodeGroup:NodeGroup": _node_group,
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": _pod_identity,
}
