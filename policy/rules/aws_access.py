"""Rights and reach on AWS: IAM policies, security groups, and whose a resource is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from policy.engine.model import About, Level, RuleConfig, Severity, Violation, cis_aws, pci, resource_rule
from policy.engine.subject import Subject
from policy.facts.inventory import listed
from policy.facts.values import items, mapping, text

_IAM = tuple(
    f"aws:iam/{kind[0].lower()}{kind[1:]}:{kind}" for kind in ("Policy", "RolePolicy", "UserPolicy", "GroupPolicy")
)
_GROUP, _RULE = "aws:ec2/securityGroup:SecurityGroup", "aws:ec2/securityGroupRule:SecurityGroupRule"
_INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_ANYBODY = ("0.0.0.0/0", "::/0")
_TAGGED = (
    "aws:ebs/volume:Volume",
    "aws:ec2/launchTemplate:LaunchTemplate",
    _GROUP,
    "aws:ec2/subnet:Subnet",
    "aws:ec2/vpc:Vpc",
    "aws:efs/fileSystem:FileSystem",
    "aws:eks/cluster:Cluster",
    "aws:eks/nodeGroup:NodeGroup",
    "aws:iam/policy:Policy",
    "aws:iam/role:Role",
    "aws:kms/key:Key",
    "aws:rds/cluster:Cluster",
    "aws:rds/instance:Instance",
    "aws:s3/bucket:Bucket",
    "aws:s3/bucketV2:BucketV2",
)


@resource_rule(
    About(
        name="iam-wildcards",
        title="IAM policies do not allow everything",
        description=(
            "No statement allows all actions, or all but some (NotAction), on all resources: it is an administrator "
            "under another name, and gains with every service that AWS adds."
        ),
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        frameworks=(cis_aws("1.15"), pci("7.2.1, 7.2.2")),
        remediation=(
            "List the actions that the role uses; IAM Access Analyzer derives them from CloudTrail.",
            "Name the resources by their ARNs.",
        ),
    ),
    applies_to=_IAM,
    config=RuleConfig,
)
def iam_wildcards(policy: Subject, config: RuleConfig) -> Iterator[Violation]:
    """Each statement that allows everything, and a document that cannot be read."""
    document = policy.props.get("policy")
    try:
        parsed: Any = json.loads(document) if isinstance(document, str) else document
    except ValueError:
        yield Violation(field="policy", problem="is no JSON", fix="write it as a document, with json.dumps")
        return
    statements = mapping(parsed).get("Statement")
    for index, statement in enumerate([statements] if isinstance(statements, Mapping) else items(statements)):
        if problem := _excess(mapping(statement)):
            fix = "name the actions and the resources"
            yield Violation(field=f"policy.Statement[{index}]", problem=problem, fix=fix)


def _excess(statement: Mapping[str, Any]) -> str | None:
    everywhere = "*" in _texts(statement.get("Resource")) or "NotResource" in statement
    if statement.get("Effect") != "Allow" or not everywhere:
        return None
    if "NotAction" in statement:
        return "allows all actions but some on all resources"
    # `*:*` is the same as `*`.
    return "allows all actions on all resources" if {"*", "*:*"} & set(_texts(statement.get("Action"))) else None


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [text(item) for item in items(value)]


class OpenPortsConfig(RuleConfig):
    """`public_ports`: the ports that the internet may reach."""

    public_ports: tuple[int, ...] = (443,)


@resource_rule(
    About(
        name="open-ports",
        title="The internet reaches port 443 only",
        description="No security group lets everybody (0.0.0.0/0 or ::/0) in on another port than 443.",
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        frameworks=(cis_aws("5.3, 5.4"), pci("1.3.1, 1.4.2")),
        remediation=("Name the networks or the security groups that may connect.",),
    ),
    applies_to={_GROUP, _RULE, _INGRESS},
    config=OpenPortsConfig,
)
def open_ports(group: Subject, config: OpenPortsConfig) -> Iterator[Violation]:
    """Each rule that lets everybody in."""
    for field, rule in _ingress(group):
        cidrs = [*_texts(rule.get("cidrBlocks")), *_texts(rule.get("ipv6CidrBlocks"))]
        cidrs += [*_texts(rule.get("cidrIpv4")), *_texts(rule.get("cidrIpv6"))]
        ports = (rule.get("fromPort"), rule.get("toPort"))
        if any(one in _ANYBODY for one in cidrs) and not (ports[0] == ports[1] and ports[0] in config.public_ports):
            yield Violation(field=field, problem="admits every address", fix="name who may connect, or open 443 only")


def _ingress(group: Subject) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if group.type == _GROUP:
        yield from ((f"ingress[{index}]", rule) for index, rule in enumerate(listed(group.props, "ingress")))
    elif group.type == _INGRESS or group.props.get("type") == "ingress":
        yield "the rule", group.props


class AwsTagsConfig(RuleConfig):
    """`required`: the tags that every resource carries."""

    required: tuple[str, ...] = ("platform.io/environment", "platform.io/system")


@resource_rule(
    About(
        name="aws-tags",
        title="AWS resources say whose they are",
        description="Every resource that can be tagged carries the required tags: costs and clean-up go by them.",
        severity=Severity.LOW,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        frameworks=(pci("12.5.1"),),
        remediation=("Set the tags in defaultTags of the AWS provider, or in `tags` of the resource.",),
    ),
    applies_to=_TAGGED,
    config=AwsTagsConfig,
)
def aws_tags(resource: Subject, config: AwsTagsConfig) -> Iterator[Violation]:
    """Each tag that is missing. `tagsAll` has those of the provider too, where AWS or a preview has said so."""
    tags = {
        **dict.fromkeys(mapping(resource.props.get("tagsAll"))),
        **dict.fromkeys(mapping(resource.props.get("tags"))),
    }
    for tag in config.required:
        if tag not in tags:
            yield Violation(field=f"tags.{tag}", problem="is missing", fix="add it")
