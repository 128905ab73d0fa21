"""Kubernetes on AWS: who reaches the control plane, what it keeps secret, and the nodes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from policy.engine.model import (
    About,
    Level,
    RuleConfig,
    Severity,
    Violation,
    cis_aws,
    cis_eks,
    pci,
    resource_rule,
    stack_rule,
)
from policy.engine.subject import Stack, Subject
from policy.facts.inventory import each, listed
from policy.facts.values import items, mapping, text

_CLUSTER, _NODE_GROUP = "aws:eks/cluster:Cluster", "aws:eks/nodeGroup:NodeGroup"
_TEMPLATE, _INSTANCE, _SUBNET = (
    "aws:ec2/launchTemplate:LaunchTemplate",
    "aws:ec2/instance:Instance",
    "aws:ec2/subnet:Subnet",
)
_LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")
_ANYBODY = ("0.0.0.0/0", "::/0")


@resource_rule(
    About(
        name="eks-endpoint",
        title="The EKS API server is not open to the internet",
        description="The cluster's endpoint is private, or public for named networks only; nodes reach it privately.",
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        frameworks=(cis_eks("5.4.1, 5.4.2"), pci("1.4.1")),
        remediation=(
            "Set vpcConfig.endpointPrivateAccess to true and endpointPublicAccess to false.",
            "Where people must reach it from outside, list their networks in vpcConfig.publicAccessCidrs.",
        ),
    ),
    applies_to={_CLUSTER},
    config=RuleConfig,
)
def eks_endpoint(cluster: Subject, config: RuleConfig) -> Iterator[Violation]:
    """An endpoint that anybody may call, and one that nodes have to leave their network for."""
    network = mapping(cluster.props.get("vpcConfig"))
    # AWS's defaults: public, for everybody, and not private.
    public = network.get("endpointPublicAccess") is not False
    cidrs = [text(one) for one in items(network.get("publicAccessCidrs"))] if public else ["none"]
    if not cidrs or any(one in _ANYBODY for one in cidrs):
        fix = "set endpointPublicAccess to false, or name the networks that may connect"
        yield Violation(field="vpcConfig.publicAccessCidrs", problem="admits every address", fix=fix)
    if network.get("endpointPrivateAccess") is not True:
        yield Violation(field="vpcConfig.endpointPrivateAccess", problem="is not true", fix="set it to true")


@resource_rule(
    About(
        name="eks-encryption",
        title="EKS encrypts Secrets with a KMS key",
        description="Kubernetes Secrets are encrypted in etcd with a customer-managed key (envelope encryption).",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        frameworks=(cis_eks("5.3.1"), pci("3.5.1")),
        remediation=("Set encryptionConfig with resources [secrets] and provider.keyArn of a KMS key.",),
    ),
    applies_to={_CLUSTER},
    config=RuleConfig,
)
def eks_encryption(cluster: Subject, config: RuleConfig) -> Iterator[Violation]:
    """A cluster whose Secrets no key encrypts. An ARN that a preview does not know is one."""
    encryption = mapping(cluster.props.get("encryptionConfig"))
    if "secrets" not in items(encryption.get("resources")) or "keyArn" not in set(mapping(encryption.get("provider"))):
        fix = "name a KMS key for resources [secrets]"
        yield Violation(field="encryptionConfig", problem="does not encrypt secrets", fix=fix)


class EksLoggingConfig(RuleConfig):
    """`types`: the logs of the control plane that must be on."""

    types: tuple[str, ...] = _LOGS


@resource_rule(
    About(
        name="eks-logging",
        title="EKS writes all logs of its control plane",
        description="All five logs of the control plane go to CloudWatch: without them no intrusion can be followed.",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        frameworks=(cis_eks("2.1.1"), pci("10.2.1")),
        remediation=("Set enabledClusterLogTypes to [api, audit, authenticator, controllerManager, scheduler].",),
    ),
    applies_to={_CLUSTER},
    config=EksLoggingConfig,
)
def eks_logging(cluster: Subject, config: EksLoggingConfig) -> Iterator[Violation]:
    """The logs that are off."""
    enabled = [text(one) for one in items(cluster.props.get("enabledClusterLogTypes"))]
    missing = [one for one in config.types if one not in enabled]
    if missing:
        yield Violation(field="enabledClusterLogTypes", problem=f"lacks {', '.join(missing)}", fix="add them")


@stack_rule(
    About(
        name="private-nodes",
        title="Nodes have no public address",
        description="Launch templates and instances ask for no public address, and node groups use private subnets.",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        frameworks=(cis_eks("5.4.3"), pci("1.4.2")),
        remediation=(
            "Set associatePublicIpAddress to false, or leave it to a private subnet.",
            "Give the node group subnets without mapPublicIpOnLaunch; let it reach the internet through a NAT gateway.",
        ),
    ),
    config=RuleConfig,
)
def private_nodes(stack: Stack, config: RuleConfig) -> Iterator[Violation]:
    """Each node or group of nodes that gets a public address."""
    public = {one.urn: one for one in stack.of_type(_SUBNET) if one.props.get("mapPublicIpOnLaunch") is True}
    yield from each(stack.of_type(_TEMPLATE, _INSTANCE, _NODE_GROUP), partial(_public, public))


def _public(public: dict[str, Subject], node: Subject) -> Iterator[Violation]:
    for subnet in (public[urn] for urn in node.dependencies if urn in public and node.type == _NODE_GROUP):
        fix = "use a subnet without mapPublicIpOnLaunch"
        yield Violation(subject=node, field="subnetIds", problem=f"has the public {subnet.label}", fix=fix)
    interfaces = [node.props, *listed(node.props, "networkInterfaces")]
    if any(one.get("associatePublicIpAddress") in (True, "true") for one in interfaces):
        yield Violation(subject=node, field="associatePublicIpAddress", problem="is true", fix="set it to false")


class InstanceMetadataConfig(RuleConfig):
    """`hop_limit`: how many network hops an answer of the metadata service may take; a pod is one more."""

    hop_limit: int = 1


@resource_rule(
    About(
        name="instance-metadata",
        title="The metadata service wants a token and answers the node only",
        description=(
            "Launch templates and instances require IMDSv2 with a hop limit of 1: with IMDSv1, or from a pod, one "
            "forged request of a web application yields the node's credentials."
        ),
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        frameworks=(cis_aws("5.7"),),
        remediation=("Set metadataOptions to httpTokens required and httpPutResponseHopLimit 1.",),
    ),
    applies_to={_TEMPLATE, _INSTANCE},
    config=InstanceMetadataConfig,
)
def instance_metadata(node: Subject, config: InstanceMetadataConfig) -> Iterator[Violation]:
    """Metadata services that answer too many."""
    options = mapping(node.props.get("metadataOptions"))
    if options.get("httpEndpoint") == "disabled":
        return
    if options.get("httpTokens") != "required":
        yield Violation(field="metadataOptions.httpTokens", problem="is not required", fix="set it to required")
    limit = options.get("httpPutResponseHopLimit")
    if not isinstance(limit, (int, float)) or limit > config.hop_limit:
        field = "metadataOptions.httpPutResponseHopLimit"
        yield Violation(field=field, problem=f"is not {config.hop_limit}", fix=f"set it to {config.hop_limit}")
