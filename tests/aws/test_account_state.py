"""What is in the AWS account after an EKS environment was deployed: read back by boto3, in three tiers."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from ipaddress import IPv4Network
from typing import Any

from components.cluster.eks.addons import ADDONS
from stacks.schema.tiers import TIERS
from tests.aws.account import ACCOUNT, REGION
from tests.aws.conftest import Deployed
from versions import EKS_DEFAULT

NAMES = ("private", "public", "database", "control-plane")


def subnets(deployed: Deployed, kind: str) -> list[Any]:
    filters = [{"Name": "tag:Name", "Values": [f"saas-platform-scratch-{kind}-*"]}]
    return deployed.all("ec2", "describe_subnets", "Subnets", Filters=filters)


def zones(deployed: Deployed) -> int:
    return TIERS[deployed.tier].zones  # type: ignore[index]


def routes(deployed: Deployed, subnet: str) -> list[Any]:
    """The routes of a subnet, but the one inside the VPC and those to endpoints."""
    filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
    (table,) = deployed.all("ec2", "describe_route_tables", "RouteTables", Filters=filters)
    return [one for one in table["Routes"] if one.get("GatewayId") != "local" and "DestinationCidrBlock" in one]


def role_policies(deployed: Deployed, role: str) -> set[str]:
    arguments = {"RoleName": f"saas-platform-scratch-{role}"}
    attached = deployed.all("iam", "list_attached_role_policies", "AttachedPolicies", **arguments)
    own = deployed.all("iam", "list_role_policies", "PolicyNames", **arguments)
    return {one["PolicyName"] for one in attached} | set(own)


def test_each_zone_has_a_subnet_for_each_use(deployed: Deployed) -> None:
    """Two private subnets in one zone would leave the loss of a zone to take most of the nodes."""
    for kind in NAMES[:3]:
        found = Counter(one["AvailabilityZone"] for one in subnets(deployed, kind))
        assert sorted(found) == [f"{REGION}{letter}" for letter in "abc"[: zones(deployed)]], kind
        assert set(found.values()) == {1}, kind
    found = Counter(one["AvailabilityZone"] for one in subnets(deployed, "control-plane"))
    assert len(found) == max(2, zones(deployed)), "EKS refuses a control plane in one zone"


def test_no_two_subnets_overlap_and_none_gives_public_addresses(deployed: Deployed) -> None:
    """moto refuses an overlap; this is the second look."""
    found = [one for kind in NAMES for one in subnets(deployed, kind)]
    ranges = [IPv4Network(one["CidrBlock"]) for one in found]
    assert not [pair for pair in itertools.combinations(ranges, 2) if pair[0].overlaps(pair[1])]
    assert not [one for one in found if one["MapPublicIpOnLaunch"]]


def test_load_balancers_find_their_subnets_by_tag(deployed: Deployed) -> None:
    """Without the tags the controller says that it found no subnet, and every Ingress waits for good."""
    for kind, wanted in (("public", "kubernetes.io/role/elb"), ("private", "kubernetes.io/role/internal-elb")):
        for subnet in subnets(deployed, kind):
            tags = {tag["Key"]: tag["Value"] for tag in subnet["Tags"]}
            assert tags.get(wanted) == "1", f"{kind} {subnet['SubnetId']}"


def test_private_subnets_go_out_through_nat_and_public_ones_straight(deployed: Deployed) -> None:
    """In prod each zone through its own gateway: the loss of one must not cut off the others."""
    gateways = deployed.all("ec2", "describe_nat_gateways", "NatGateways")
    zone_of = {one["SubnetId"]: one["AvailabilityZone"] for one in subnets(deployed, "public")}
    zone_of_nat = {one["NatGatewayId"]: zone_of[one["SubnetId"]] for one in gateways}
    assert len(gateways) == (zones(deployed) if deployed.tier == "prod" else 1)
    for subnet in subnets(deployed, "private"):
        (route,) = routes(deployed, subnet["SubnetId"])
        assert route["DestinationCidrBlock"] == "0.0.0.0/0"
        if deployed.tier == "prod":
            assert zone_of_nat[route["NatGatewayId"]] == subnet["AvailabilityZone"]
    for subnet in subnets(deployed, "public"):
        (route,) = routes(deployed, subnet["SubnetId"])
        assert route["GatewayId"].startswith("igw-")


def test_databases_and_the_control_plane_reach_the_vpc_only(deployed: Deployed) -> None:
    """A database with a way out is one that can be emptied through it."""
    for subnet in (*subnets(deployed, "database"), *subnets(deployed, "control-plane")):
        assert routes(deployed, subnet["SubnetId"]) == []


def test_aws_services_are_reached_inside_the_vpc(deployed: Deployed) -> None:
    """Image layers through NAT are paid for by the gigabyte."""
    found = {
        one["ServiceName"].removeprefix(f"com.amazonaws.{REGION}."): one
        for one in deployed.all("ec2", "describe_vpc_endpoints", "VpcEndpoints")
    }
    assert found.keys() == {"s3", "ecr.api", "ecr.dkr", "sts"}
    private = {one["SubnetId"] for one in subnets(deployed, "private")}
    assert all(set(found[one]["SubnetIds"]) == private for one in ("ecr.api", "ecr.dkr", "sts"))
    assert len(found["s3"]["RouteTableIds"]) == zones(deployed) + 1


def test_the_default_security_group_lets_nothing_through(deployed: Deployed) -> None:
    """Whatever forgets to name a group gets it (CIS AWS 5.4)."""
    filters = [{"Name": "tag:Name", "Values": ["saas-platform-scratch-default"]}]
    (group,) = deployed.all("ec2", "describe_security_groups", "SecurityGroups", Filters=filters)
    assert (group["GroupName"], group["IpPermissions"], group["IpPermissionsEgress"]) == ("default", [], [])


def test_endpoints_take_https_from_the_vpc_alone(deployed: Deployed) -> None:
    """And send nothing by themselves."""
    filters = [{"Name": "group-name", "Values": ["saas-platform-scratch-endpoints"]}]
    (group,) = deployed.all("ec2", "describe_security_groups", "SecurityGroups", Filters=filters)
    (rule,) = group["IpPermissions"]
    assert (rule["FromPort"], rule["ToPort"], rule["IpRanges"][0]["CidrIp"]) == (443, 443, "10.20.0.0/16")
    assert group["IpPermissionsEgress"] == []


def test_every_connection_of_the_vpc_is_logged(deployed: Deployed) -> None:
    """For as long as the tier says; a log group without retention is kept, and paid for, for good."""
    (log,) = deployed.all("ec2", "describe_flow_logs", "FlowLogs")
    assert (log["TrafficType"], log["DeliverLogsStatus"]) == ("ALL", "SUCCESS")
    groups = deployed.all("logs", "describe_log_groups", "logGroups")
    days = {"dev": 7, "staging": 90, "prod": 365}[deployed.tier]
    assert {one["logGroupName"]: one.get("retentionInDays") for one in groups} == {
        "/aws/vpc/saas-platform-scratch": days,
        "/aws/eks/saas-platform-scratch/cluster": days,
    }


def test_the_control_plane_is_closed_encrypted_and_logged(deployed: Deployed) -> None:
    """CIS EKS 2.1.1, 5.3.1, 5.4.1 and 5.4.2."""
    cluster = deployed.account.client("eks").describe_cluster(name="saas-platform-scratch")["cluster"]
    network = cluster["resourcesVpcConfig"]
    assert network["endpointPrivateAccess"] is True
    assert network["publicAccessCidrs"] == ["203.0.113.0/24"]
    assert set(network["subnetIds"]) == {one["SubnetId"] for one in subnets(deployed, "control-plane")}
    (logging,) = cluster["logging"]["clusterLogging"]
    assert logging["enabled"] and len(logging["types"]) == 5
    (encryption,) = cluster["encryptionConfig"]
    assert encryption["resources"] == ["secrets"]
    key = encryption["provider"]["keyArn"]
    assert deployed.account.client("kms").get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True


def test_every_key_rotates_and_has_a_name(deployed: Deployed) -> None:
    """CIS AWS 3.6. A key without alias is one that nobody dares to delete."""
    kms = deployed.account.client("kms")
    keys = [one["KeyId"] for one in deployed.all("kms", "list_keys", "Keys")]
    rotating = [key for key in keys if kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]]
    assert sorted(rotating) == sorted(keys) and len(keys) == 2
    aliases = deployed.all("kms", "list_aliases", "Aliases")
    assert {one["TargetKeyId"] for one in aliases if not one["AliasName"].startswith("alias/aws/")} == set(keys)


def test_node_groups_have_the_documents_sizes(deployed: Deployed) -> None:
    """multi-cluster-manager.md: dev 3 nodes, staging 5, prod 10 and more; t3.medium, 2 to 10, in its Terraform.

    Of staging there is one more, so that a zone can be lost; no fewer, since an autoscaler would take them away.
    """
    eks = deployed.account.client("eks")
    group = eks.describe_nodegroup(clusterName="saas-platform-scratch", nodegroupName="saas-platform-scratch-general")[
        "nodegroup"
    ]
    scaling = group["scalingConfig"]
    wanted = {"dev": (2, 3, 10), "staging": (6, 6, 25), "prod": (10, 10, 30)}[deployed.tier]
    assert (scaling["minSize"], scaling["desiredSize"], scaling["maxSize"]) == wanted
    assert group["capacityType"] == ("SPOT" if deployed.tier == "dev" else "ON_DEMAND")
    if deployed.tier == "dev":
        assert group["instanceTypes"][0] == "t3.medium"
    assert set(group["subnets"]) == {one["SubnetId"] for one in subnets(deployed, "private")}
    assert group["version"] == EKS_DEFAULT, "the version of the control plane"


def test_nodes_want_a_token_for_metadata_and_have_encrypted_disks(deployed: Deployed) -> None:
    """CIS AWS 5.7: one forged request of a pod would else yield the node's credentials."""
    ec2 = deployed.account.client("ec2")
    templates = deployed.all("ec2", "describe_launch_templates", "LaunchTemplates")
    assert len(templates) == (2 if deployed.tier == "dev" else 1)
    for template in templates:
        (version,) = ec2.describe_launch_template_versions(
            LaunchTemplateId=template["LaunchTemplateId"], Versions=["$Latest"]
        )["LaunchTemplateVersions"]
        data = version["LaunchTemplateData"]
        assert data["MetadataOptions"]["HttpTokens"] == "required"
        assert data["MetadataOptions"]["HttpPutResponseHopLimit"] == 1
        (device,) = data["BlockDeviceMappings"]
        assert (device["Ebs"]["Encrypted"], device["Ebs"]["VolumeType"]) == (True, "gp3")


def test_nodes_may_join_and_pull_images_and_nothing_else(deployed: Deployed) -> None:
    """Every pod that gets at the node's credentials has these rights."""
    assert role_policies(deployed, "nodes") == {"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"}


def test_the_backup_bucket_is_private_encrypted_versioned_and_pruned(deployed: Deployed) -> None:
    """CIS AWS 2.1."""
    s3, bucket = deployed.account.client("s3"), f"saas-platform-scratch-backups-{ACCOUNT}"
    assert [one["Name"] for one in s3.list_buckets()["Buckets"]] == [bucket]
    blocks = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert len(blocks) == 4 and all(blocks.values())
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    default = rule["ApplyServerSideEncryptionByDefault"]
    assert default["SSEAlgorithm"] == "aws:kms"
    assert default["KMSMasterKeyID"] == deployed.graph.outputs["backup_key_arn"]
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert rule["Expiration"]["Days"] == {"dev": 7, "staging": 14, "prod": 30}[deployed.tier]
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    assert [one["Effect"] for one in policy["Statement"]] == ["Deny"]


def test_backups_are_written_by_the_databases_pods_and_never_wiped_out(deployed: Deployed) -> None:
    """Whoever takes over the database must not be able to take its backups with it."""
    role = "saas-platform-scratch-backups"
    document = deployed.account.client("iam").get_role_policy(RoleName=role, PolicyName="backups")["PolicyDocument"]
    actions = {action for statement in document["Statement"] for action in statement["Action"]}
    assert "s3:PutObject" in actions
    assert "s3:DeleteObjectVersion" not in actions and "s3:*" not in actions
    bucket = f"arn:aws:s3:::saas-platform-scratch-backups-{ACCOUNT}"
    wanted = {bucket, f"{bucket}/*", deployed.graph.outputs["backup_key_arn"]}
    assert {resource for statement in document["Statement"] for resource in statement["Resource"]} == wanted
    trust = deployed.account.client("iam").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    cluster = {"ArnEquals": {"aws:SourceArn": f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/saas-platform-scratch"}}
    assert trust["Statement"][0]["Condition"].items() >= cluster.items()
    associations = deployed.account.not_in_moto["aws:eks/podIdentityAssociation:PodIdentityAssociation"]
    whose = {(one["namespace"], one["serviceAccount"]) for one in associations if one["roleArn"].endswith(role)}
    assert whose == {("astrbot", "postgresql-cluster"), ("astrbot", "postgresql-backup")}


def test_no_policy_of_the_account_allows_everything(deployed: Deployed) -> None:
    """The rule of the policy pack judges what the program says; this is what AWS was told."""
    for role in deployed.all("iam", "list_roles", "Roles"):
        names = deployed.all("iam", "list_role_policies", "PolicyNames", RoleName=role["RoleName"])
        for name in names:
            found = deployed.account.client("iam").get_role_policy(RoleName=role["RoleName"], PolicyName=name)
            for statement in found["PolicyDocument"]["Statement"]:
                assert not {"*", "*:*"} & set(statement["Action"]), f"{role['RoleName']} {name}"


def test_karpenter_hears_of_instances_that_will_go(deployed: Deployed) -> None:
    """Otherwise pods of a spot instance end with it, two minutes after nobody listened."""
    rules = deployed.all("events", "list_rules", "Rules")
    if deployed.tier == "dev":
        assert not rules, "dev has the cluster autoscaler"
        return
    sqs = deployed.account.client("sqs")
    url = sqs.get_queue_url(QueueName="saas-platform-scratch-interruptions")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    targets = [
        target["Arn"]
        for rule in rules
        for target in deployed.account.client("events").list_targets_by_rule(Rule=rule["Name"])["Targets"]
    ]
    assert targets == [attributes["QueueArn"]] * 4
    assert "events.amazonaws.com" in attributes["Policy"]


def test_what_moto_has_no_calls_for_is_this_and_nothing_else(deployed: Deployed) -> None:
    """Whatever is only checked must be known; should moto learn it, it is created there."""
    found = deployed.account.not_in_moto
    assert found.keys() == {
        "aws:eks/accessEntry:AccessEntry",
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        "aws:eks/addon:Addon",
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
    }
    assert sorted(one["addonName"] for one in found["aws:eks/addon:Addon"]) == sorted(ADDONS)
    assert len(found["aws:eks/accessEntry:AccessEntry"]) == 2


def test_the_domain_has_a_zone_a_validated_certificate_and_a_firewall(deployed: Deployed) -> None:
    """The certificate is for the domain and for what is below it."""
    (zone,) = deployed.all("route53", "list_hosted_zones", "HostedZones")
    assert zone["Name"] == "example.com."
    arn = deployed.graph.outputs["certificate_arn"]
    certificate = deployed.account.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    assert set(certificate["SubjectAlternativeNames"]) == {"example.com", "*.example.com"}
    (acl,) = deployed.account.client("wafv2").list_web_acls(Scope="REGIONAL")["WebACLs"]
    assert acl["ARN"] == deployed.graph.outputs["firewall_arn"]
