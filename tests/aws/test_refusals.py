"""What AWS would refuse is refused by the account that stands for it: a mock that takes everything proves nothing.

First the account by itself, resource by resource; then the program, broken in one place.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from components.cluster.eks import addons, network, nodes
from components.cluster.eks import args as instances
from tests.aws.account import Account, RefusedError
from tests.aws.deployment import deploy, environment

VPC, SUBNET = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"
ROLE, ROLE_POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
BUCKET, BUCKET_POLICY = "aws:s3/bucket:Bucket", "aws:s3/bucketPolicy:BucketPolicy"


def trust(service: str = "ec2.amazonaws.com") -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def policy(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def vpc(account: Account) -> str:
    return account.create(VPC, {"cidrBlock": "10.0.0.0/16"})[0]


def subnet(vpc_id: str, cidr: str, zone: str = "eu-central-1a") -> dict[str, str]:
    return {"vpcId": vpc_id, "cidrBlock": cidr, "availabilityZone": zone}


def overlap(account: Account) -> None:
    network = vpc(account)
    account.create(SUBNET, subnet(network, "10.0.0.0/24"))
    account.create(SUBNET, subnet(network, "10.0.0.128/25"))


def role(account: Account) -> None:
    account.create(ROLE, {"name": "r", "assumeRolePolicy": trust()})


def role_policy(account: Account, document: str) -> None:
    role(account)
    account.create(ROLE_POLICY, {"role": "r", "name": "p", "policy": document})


def bucket_policy(account: Account, document: str) -> None:
    account.create(BUCKET, {"bucket": "data"})
    account.create(BUCKET_POLICY, {"bucket": "data", "policy": document})


def attachment(account: Account) -> None:
    role(account)
    account.create(ATTACHMENT, {"role": "r", "policyArn": "arn:aws:iam::aws:policy/AmazonEKSWorkerNodesPolicy"})


ALLOWED = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::data/*"]}
BROKEN: Mapping[str, tuple[Callable[[Account], None], str]] = {
    "subnets that overlap": (overlap, "InvalidSubnet.Conflict"),
    "a subnet outside its VPC": (
        lambda account: void(account.create(SUBNET, subnet(vpc(account), "10.1.0.0/24"))),
        "InvalidSubnet.Range",
    ),
    "a zone that there is not": (
        lambda account: void(account.create(SUBNET, subnet(vpc(account), "10.0.0.0/24", "eu-central-1z"))),
        "availabilityZone",
    ),
    "a policy without statements": (lambda account: role_policy(account, "{}"), "MalformedPolicyDocument"),
    "a policy with a misspelt effect": (
        lambda account: role_policy(account, policy(**{**ALLOWED, "Effect": "Alow"})),
        "MalformedPolicyDocument",
    ),
    "a policy with an action that is none": (
        lambda account: role_policy(account, policy(**{**ALLOWED, "Action": ["GetObject"]})),
        "MalformedPolicyDocument",
    ),
    "a managed policy that there is not": (attachment, "NoSuchEntity"),
    "a bucket policy that is no JSON": (lambda account: bucket_policy(account, "{"), "MalformedPolicy"),
    "a bucket policy without principal": (
        lambda account: bucket_policy(account, policy(**ALLOWED)),
        "Missing required field Principal",
    ),
    "a bucket policy about another bucket": (
        lambda account: bucket_policy(account, policy(**{**ALLOWED, "Principal": "*", "Resource": "arn:aws:s3:::b"})),
        "invalid resource",
    ),
}


def void(_made: Any) -> None:
    """What was made is of no interest."""


@pytest.mark.parametrize("case", BROKEN)
def test_aws_refuses(account: Account, case: str) -> None:
    """Otherwise the program's own mistakes of this kind would go through."""
    breaking, words = BROKEN[case]
    with pytest.raises((ClientError, RefusedError), match=words):
        breaking(account)


def test_a_type_that_nobody_has_written_down_is_refused(account: Account) -> None:
    """Taken for granted, it would be untested without anybody's knowing."""
    with pytest.raises(NotImplementedError, match="aws:rds/instance:Instance"):
        account.create("aws:rds/instance:Instance", {})


def test_the_program_fails_with_an_instance_type_that_aws_does_not_have(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our own table of types could be wrong."""
    monkeypatch.setitem(instances.INSTANCE_TYPES, "t3.huge", instances.INSTANCE_TYPES["t3.large"])
    groups = "node_groups: {general: {instance_types: [t3.huge], minimum: 1, desired: 1, maximum: 2}}"
    with pytest.raises(ClientError, match="InvalidInstanceType"):
        deploy(account, environment("dev", groups), tmp_path, monkeypatch)


def test_every_instance_type_of_ours_is_one_of_awss_with_its_figures(account: Account) -> None:
    """A wrong figure would let a pod in that no node has room for."""
    for name, has in instances.INSTANCE_TYPES.items():
        (found,) = account.client("ec2").describe_instance_types(InstanceTypes=[name])["InstanceTypes"]
        assert found["VCpuInfo"]["DefaultVCpus"] * 1000 == has.cpu.amount, name
        assert found["MemoryInfo"]["SizeInMiB"] * 2**20 == has.memory.amount, name
        assert found["Hypervisor"] == "nitro", f"{name}: no prefix delegation"


def test_the_program_fails_with_a_control_plane_in_one_zone(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The nodes of dev are in one zone; EKS wants two for itself."""
    real = network.Network._subnets

    def one_only(self: Any, kind: str, ranges: Any, zones: Any, tags: Any) -> Any:
        return real(self, kind, ranges[:1], zones[:1], tags)

    monkeypatch.setattr(network.Network, "_subnets", one_only)
    with pytest.raises(RefusedError, match="two different AZs"):
        deploy(account, environment("dev"), tmp_path, monkeypatch)


def test_the_program_fails_with_a_role_that_the_nodes_may_not_take(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nodes with it never join."""
    monkeypatch.setattr(nodes, "instance_trust", lambda: trust("lambda.amazonaws.com"))
    with pytest.raises(RefusedError, match=r"ec2.amazonaws.com may not take this role"):
        deploy(account, environment("dev"), tmp_path, monkeypatch)


def test_the_program_fails_with_a_misnamed_policy_of_an_add_on(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network plug-in would have no right to attach addresses."""
    cni = addons._Addon(service_account="aws-node", policy="AmazonEKSCNIPolicy")
    monkeypatch.setitem(addons._BEFORE_NODES, "vpc-cni", cni)
    with pytest.raises(ClientError, match="NoSuchEntity"):
        deploy(account, environment("dev"), tmp_path, monkeypatch)
