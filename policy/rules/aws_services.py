"""AWS services beside the cluster: databases, registries, entries, and who may use a resource at all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from policy.engine.model import About, Level, RuleConfig, Severity, Violation, cis_aws, pci, resource_rule, stack_rule
from policy.engine.subject import Stack, Subject
from policy.facts.inventory import listed
from policy.facts.values import at, items, mapping, text

_DATABASE, _DATABASES = "aws:rds/instance:Instance", "aws:rds/cluster:Cluster"
_LISTENERS = ("aws:lb/listener:Listener", "aws:alb/listener:Listener")
# By type, the field that says who may use the resource.
_POLICIES: Mapping[str, str] = {
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
    "aws:iam/role:Role": "assumeRolePolicy",
    "aws:kms/key:Key": "policy",
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
}


@resource_rule(
    About(
        name="public-principals",
        title="Resource policies name who may use them",
        description=(
            "No statement of a trust or resource policy allows everybody (Principal *) without a condition: any AWS "
            "account of the world could take the role, read the bucket or use the key."
        ),
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        frameworks=(cis_aws("2.1.4"), pci("7.2.1, 7.2.2")),
        remediation=("Name accounts, roles or services in Principal, or add a Condition such as aws:PrincipalOrgID.",),
    ),
    applies_to=_POLICIES,
    config=RuleConfig,
)
def public_principals(resource: Subject, config: RuleConfig) -> Iterator[Violation]:
    """Each statement by which anybody may."""
    field = _POLICIES[resource.type]
    for index, statement in enumerate(_statements(resource.props.get(field))):
        principal = statement.get("Principal")
        anybody = principal == "*" or "*" in _texts(at(principal, "AWS"))
        if statement.get("Effect") == "Allow" and anybody and not statement.get("Condition"):
            path = f"{field}.Statement[{index}].Principal"
            yield Violation(field=path, problem="is everybody", fix="name who may, or add a condition")


def _statements(document: Any) -> Iterator[Mapping[str, Any]]:
    try:
        parsed: Any = json.loads(document) if isinstance(document, str) else document
    except ValueError:
        return
    statements = mapping(parsed).get("Statement")
    yield from map(mapping, [statements] if isinstance(statements, Mapping) else items(statements))


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [text(item) for item in items(value)]


class RdsProtectionConfig(RuleConfig):
    """`retention`: for how many days backups are kept at least."""

    retention: int = 7


@resource_rule(
    About(
        name="rds-protection",
        title="RDS databases are private, backed up and hard to delete",
        description="No RDS database has a public address; each keeps backups and has deletion protection.",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        frameworks=(cis_aws("2.2.3"), pci("1.4.4, 9.4.1.1")),
        remediation=("Set publiclyAccessible false, backupRetentionPeriod to 7 or more, deletionProtection true.",),
    ),
    applies_to={_DATABASE, _DATABASES},
    config=RdsProtectionConfig,
)
def rds_protection(database: Subject, config: RdsProtectionConfig) -> Iterator[Violation]:
    """What exposes a database, or lets it be lost. A replica's backups are its source's."""
    if database.props.get("publiclyAccessible") is True:
        yield Violation(field="publiclyAccessible", problem="is true", fix="set it to false")
    # AWS keeps backups for no day of an instance, and for one of a cluster, unless told otherwise.
    days = database.props.get("backupRetentionPeriod")
    enough = isinstance(days, (int, float)) and days >= config.retention
    if not enough and not database.props.get("replicateSourceDb"):
        fix = f"set it to {config.retention} or more"
        yield Violation(field="backupRetentionPeriod", problem=f"is less than {config.retention} days", fix=fix)
    if database.props.get("deletionProtection") is not True:
        yield Violation(field="deletionProtection", problem="is not true", fix="set it to true")


@resource_rule(
    About(
        name="ecr-repositories",
        title="Image registries scan, and a tag stays what it was",
        description="ECR repositories scan images when they are pushed, and refuse to give a tag to another image.",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        frameworks=(pci("6.3.2, 11.3.1"),),
        remediation=("Set imageTagMutability to IMMUTABLE and imageScanningConfiguration.scanOnPush to true.",),
    ),
    applies_to={"aws:ecr/repository:Repository"},
    config=RuleConfig,
)
def ecr_repositories(repository: Subject, config: RuleConfig) -> Iterator[Violation]:
    """Repositories whose images nobody has looked at, or may change. AWS's defaults are both."""
    if not text(repository.props.get("imageTagMutability")).startswith("IMMUTABLE"):
        yield Violation(field="imageTagMutability", problem="is not IMMUTABLE", fix="set it to IMMUTABLE")
    if at(repository.props, "imageScanningConfiguration", "scanOnPush") is not True:
        field = "imageScanningConfiguration.scanOnPush"
        yield Violation(field=field, problem="is not true", fix="set it to true")


@stack_rule(
    About(
        name="vpc-flow-logs",
        title="Networks keep a log of their connections",
        description="Every VPC has a FlowLog: without it nobody can tell afterwards who spoke with whom.",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        frameworks=(cis_aws("3.7"), pci("10.2.1")),
        remediation=("Add a FlowLog whose vpcId is this VPC's, with trafficType ALL or REJECT.",),
    ),
    config=RuleConfig,
)
def vpc_flow_logs(stack: Stack, config: RuleConfig) -> Iterator[Violation]:
    """Each VPC that no flow log depends on."""
    logged = {urn for log in stack.of_type("aws:ec2/flowLog:FlowLog") for urn in log.dependencies}
    for vpc in stack.of_type("aws:ec2/vpc:Vpc"):
        if vpc.urn not in logged:
            fix = "add a FlowLog whose vpcId is this one's"
            yield Violation(subject=vpc, field="its connections", problem="are logged by no FlowLog", fix=fix)


@resource_rule(
    About(
        name="listener-tls",
        title="Load balancers speak TLS 1.2 or newer",
        description="Listeners of load balancers speak HTTPS or TLS with a current policy; HTTP only redirects.",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        frameworks=(pci("4.2.1"),),
        remediation=("Set protocol HTTPS, certificateArn and sslPolicy ELBSecurityPolicy-TLS13-1-2-2021-06.",),
    ),
    applies_to=_LISTENERS,
    config=RuleConfig,
)
def listener_tls(listener: Subject, config: RuleConfig) -> Iterator[Violation]:
    """Listeners in the open, and those with old versions. Without a policy AWS takes one of 2016."""
    protocol = text(listener.props.get("protocol")).upper()
    actions = list(listed(listener.props, "defaultActions"))
    redirects = bool(actions) and all(text(at(one, "redirect", "protocol")).upper() == "HTTPS" for one in actions)
    if protocol == "HTTP" and not redirects:
        yield Violation(field="protocol", problem="is HTTP", fix="use HTTPS, or redirect to it")
    if protocol in ("HTTPS", "TLS") and "TLS13-1-" not in text(listener.props.get("sslPolicy")):
        yield Violation(field="sslPolicy", problem="is no current policy", fix="name one of TLS13-1-2 or newer")
