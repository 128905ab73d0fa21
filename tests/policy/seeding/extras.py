"""What production does not have, and rules judge: each object complies, and stands in production's namespace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.policy import aws_objects as aws
from tests.policy.objects import Props, having, workload
from tests.policy.rule_tests import kubernetes_object
from tests.policy.stack_objects import protected

_NAMESPACE = "astrbot"
_GATEWAY = {"app.kubernetes.io/name": "api-gateway"}
_SUBNET = "nodes"


def _object(api_version: str, kind: str, name: str, **fields: Any) -> Props:
    annotations = fields.pop("annotations", {})
    metadata = {"name": name, "namespace": _NAMESPACE, "annotations": annotations}
    return kubernetes_object(api_version, kind, metadata=metadata, **fields)


def _nightly() -> Props:
    """A CronJob with the account, the network policy and the class of what production has."""
    spec = "spec.jobTemplate.spec.template.spec"
    job = having(workload("CronJob", "nightly", _NAMESPACE), f"{spec}.serviceAccountName", "api-gateway")
    job = having(job, f"{spec}.priorityClassName", "platform-prod-batch")
    labels = job["metadata"]["labels"] | _GATEWAY
    return having(job, "spec.jobTemplate.spec.template.metadata.labels", labels)


def _canary() -> Props:
    metric = {"name": "request-success-rate", "interval": "1m", "thresholdRange": {"min": 99}}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "tenant-service"}
    analysis = {"interval": "1m", "threshold": 5, "stepWeight": 10, "metrics": [metric]}
    return _object("flagger.app/v1beta1", "Canary", "tenant-service", spec={"targetRef": target, "analysis": analysis})


def _gateway() -> Props:
    listener = {"name": "https", "port": 443, "protocol": "HTTPS", "hostname": "edge.saas-platform.com"}
    tls = {"certificateRefs": [{"name": "saas-platform-tls"}]}
    spec = {"gatewayClassName": "nginx", "listeners": [listener | {"tls": tls}]}
    return _object("gateway.networking.k8s.io/v1", "Gateway", "edge", spec=spec)


def _release() -> Props:
    where = {"repo": "https://charts.example.com"}
    return {"kind": "Release", "name": "operator", "chart": "operator", "version": "1.2.3", "repositoryOpts": where}


def _claim() -> Props:
    size = {"requests": {"storage": "10Gi"}}
    spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": "fast-ssd", "resources": size}
    kept = {"platform.io/backup": "nightly snapshot"}
    return _object("v1", "PersistentVolumeClaim", "exports", annotations=kept, spec=spec)


def _node_group() -> Props:
    return aws.aws(aws.NODE_GROUP, nodeGroupName="general", dependsOn=[(aws.SUBNET, _SUBNET)])


_TRUST = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}}]}
_IMMUTABLE = {"imageTagMutability": "IMMUTABLE", "imageScanningConfiguration": {"scanOnPush": True}}

# By the name in the program.
EXTRAS: Mapping[str, Props] = {
    "nightly": _nightly(),
    "canary": _canary(),
    "edge": _gateway(),
    "exports": _claim(),
    "operator": _release(),
    # Protected, as what production has in it.
    "eks": protected(aws.cluster()),
    "general": _node_group(),
    "template": aws.launch_template(),
    _SUBNET: aws.aws(aws.SUBNET, mapPublicIpOnLaunch=False),
    "data": aws.bucket(),
    "data-access": aws.companion(aws.PUBLIC_ACCESS),
    "data-encryption": aws.companion(aws.ENCRYPTION),
    "data-versioning": aws.companion(aws.VERSIONING),
    "data-policy": aws.companion(aws.BUCKET_POLICY),
    "key": aws.aws(aws.KEY, enableKeyRotation=True, deletionWindowInDays=30),
    "volume": aws.aws(aws.VOLUME, encrypted=True),
    "reader": aws.policy(),
    "web": aws.group(),
    "role": aws.aws(aws.ROLE, assumeRolePolicy=_TRUST),
    "orders": aws.aws(aws.DATABASE, storageEncrypted=True, backupRetentionPeriod=14, deletionProtection=True),
    "images": aws.aws(aws.REPOSITORY, **_IMMUTABLE),
    "entry": aws.aws(aws.LISTENER, protocol="HTTPS", sslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06"),
    "network": aws.aws(aws.VPC),
    "network-log": aws.aws(aws.FLOW_LOG, trafficType="ALL", dependsOn=[(aws.VPC, "network")]),
}
