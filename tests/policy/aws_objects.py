"""AWS resources that no rule objects to, to make mutations of. `kind` is their type token."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from graph.model import Graph, Resource
from tests.policy.objects import OPTIONS, TOKENS, Props

TAGS = {"platform.io/environment": "prod", "platform.io/system": "shop"}
CLUSTER, NODE_GROUP = "aws:eks/cluster:Cluster", "aws:eks/nodeGroup:NodeGroup"
TEMPLATE, SUBNET = "aws:ec2/launchTemplate:LaunchTemplate", "aws:ec2/subnet:Subnet"
BUCKET, KEY = "aws:s3/bucket:Bucket", "aws:kms/key:Key"
VOLUME, DATABASE = "aws:ebs/volume:Volume", "aws:rds/instance:Instance"
POLICY, ROLE_POLICY = "aws:iam/policy:Policy", "aws:iam/rolePolicy:RolePolicy"
GROUP, RULE = "aws:ec2/securityGroup:SecurityGroup", "aws:ec2/securityGroupRule:SecurityGroupRule"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
PUBLIC_ACCESS = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
VERSIONING, BUCKET_POLICY = "aws:s3/bucketVersioning:BucketVersioning", "aws:s3/bucketPolicy:BucketPolicy"
ROLE, REPOSITORY, LISTENER = "aws:iam/role:Role", "aws:ecr/repository:Repository", "aws:lb/listener:Listener"
VPC, FLOW_LOG = "aws:ec2/vpc:Vpc", "aws:ec2/flowLog:FlowLog"
_MORE = (ROLE, REPOSITORY, LISTENER, VPC, FLOW_LOG)
_ALL = (
    *_MORE,
    CLUSTER,
    NODE_GROUP,
    TEMPLATE,
    SUBNET,
    BUCKET,
    KEY,
    VOLUME,
    DATABASE,
    POLICY,
    ROLE_POLICY,
    GROUP,
    RULE,
    INGRESS,
)
TOKENS.update({token: token for token in (*_ALL, *_MORE, PUBLIC_ACCESS, ENCRYPTION, VERSIONING, BUCKET_POLICY)})


def aws(kind: str, **props: Any) -> Props:
    """A tagged resource of a type."""
    return {"kind": kind, "tags": dict(TAGS), **props}


def cluster() -> Props:
    network = {"endpointPrivateAccess": True, "endpointPublicAccess": True, "publicAccessCidrs": ["192.0.2.0/24"]}
    return aws(
        CLUSTER,
        vpcConfig=network,
        encryptionConfig={"resources": ["secrets"], "provider": {"keyArn": "arn:aws:kms:eu-west-1:1:key/a"}},
        enabledClusterLogTypes=["api", "audit", "authenticator", "controllerManager", "scheduler"],
    )


def launch_template() -> Props:
    return aws(
        TEMPLATE,
        metadataOptions={"httpTokens": "required", "httpPutResponseHopLimit": 1},
        blockDeviceMappings=[{"deviceName": "/dev/xvda", "ebs": {"encrypted": "true"}}],
        networkInterfaces=[{"associatePublicIpAddress": "false"}],
    )


def statement(**changes: Any) -> Props:
    return {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::data/*", **changes}


def policy(*statements: Props, kind: str = POLICY) -> Props:
    """A policy whose document is JSON, as most programs write it."""
    return aws(kind, policy=json.dumps({"Version": "2012-10-17", "Statement": list(statements or [statement()])}))


def group(*ingress: Props) -> Props:
    return aws(GROUP, ingress=list(ingress or [{"fromPort": 443, "toPort": 443, "cidrBlocks": ["0.0.0.0/0"]}]))


def companion(kind: str, bucket: str = "data", **changes: Any) -> Props:
    """What protects a bucket, complete of its kind."""
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "arn:aws:s3:::data/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    blocks = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    props: dict[str, Props] = {
        PUBLIC_ACCESS: dict.fromkeys(blocks, True),
        ENCRYPTION: {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}]},
        VERSIONING: {"versioningConfiguration": {"status": "Enabled"}},
        BUCKET_POLICY: {"policy": {"Statement": [deny]}},
    }
    return {"kind": kind, "bucket": bucket, **props[kind], **changes}


def bucket(name: str = "data") -> Props:
    return aws(BUCKET, bucket=name)


def recorded(resources: Iterable[tuple[str, Props, tuple[str, ...]]]) -> Graph:
    """A graph of (name, properties, names of what it depends on)."""
    made = [
        Resource(
            urn=f"urn:{name}",
            type=props["kind"],
            name=name,
            parent=None,
            custom=True,
            inputs={key: value for key, value in props.items() if key != OPTIONS},
            options=props.get(OPTIONS, {}),
            dependencies=tuple(f"urn:{one}" for one in dependencies),
        )
        for name, props, dependencies in resources
    ]
    return Graph("s", tuple(made), {"tier": "prod"})
