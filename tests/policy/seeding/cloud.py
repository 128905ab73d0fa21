"""Violations by AWS resources."""

from __future__ import annotations

from tests.policy import aws_objects as aws
from tests.policy.seeding.environment import Edit, Seed, add, drop, put, remove

_CLUSTER, _TEMPLATE, _BUCKET, _KEY = "Cluster eks", "LaunchTemplate template", "Bucket data", "Key key"
_VOLUME, _GROUP = "Volume volume", "SecurityGroup web"
_ALL = aws.policy(aws.statement(Action="*", Resource="*"))
_ANYBODY = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}
_OPEN = {"fromPort": 22, "toPort": 22, "cidrBlocks": ["0.0.0.0/0"]}


def _seed(rule: str, label: str, edit: Edit) -> Seed:
    return Seed(rule=rule, edit=edit, object=label)


SEEDS = (
    _seed("eks-endpoint", _CLUSTER, put(_CLUSTER, "vpcConfig.publicAccessCidrs", ["0.0.0.0/0"])),
    _seed("eks-encryption", _CLUSTER, drop(_CLUSTER, "encryptionConfig")),
    _seed("eks-logging", _CLUSTER, put(_CLUSTER, "enabledClusterLogTypes", ["api"])),
    _seed("private-nodes", "NodeGroup general", put("Subnet nodes", "mapPublicIpOnLaunch", True)),
    _seed("instance-metadata", _TEMPLATE, put(_TEMPLATE, "metadataOptions.httpTokens", "optional")),
    _seed("encrypted-volumes", _VOLUME, drop(_VOLUME, "encrypted")),
    _seed("kms-keys", _KEY, put(_KEY, "enableKeyRotation", False)),
    _seed("iam-wildcards", "Policy seeded", add(_ALL)),
    _seed("public-principals", "Role role", put("Role role", "assumeRolePolicy", _ANYBODY)),
    _seed("rds-protection", "Instance orders", put("Instance orders", "publiclyAccessible", True)),
    _seed("ecr-repositories", "Repository images", put("Repository images", "imageTagMutability", "MUTABLE")),
    _seed("listener-tls", "Listener entry", put("Listener entry", "protocol", "HTTP")),
    _seed("vpc-flow-logs", "Vpc network", remove("FlowLog network-log")),
    _seed("open-ports", _GROUP, put(_GROUP, "ingress", [_OPEN])),
    _seed("aws-tags", _KEY, drop(_KEY, "tags")),
    _seed("s3-public-access", _BUCKET, remove("BucketPublicAccessBlock data-access")),
    _seed("s3-encryption", _BUCKET, remove("BucketServerSideEncryptionConfiguration data-encryption")),
    _seed("s3-versioning", _BUCKET, remove("BucketVersioning data-versioning")),
    _seed("s3-tls", _BUCKET, remove("BucketPolicy data-policy")),
)
