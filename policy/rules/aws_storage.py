"""Data on AWS: encrypted volumes and databases, keys, and buckets with the resources that protect them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from pulumi_policy.proxy import UnknownValueError

from policy.engine.model import (
    About,
    Level,
    RuleConfig,
    Severity,
    StackRule,
    Violation,
    cis_aws,
    pci,
    resource_rule,
    stack_rule,
)
from policy.engine.subject import Stack, Subject
from policy.facts.inventory import each, listed
from policy.facts.values import at, items, mapping, text

_BUCKETS = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_ENCRYPTED = {
    "aws:ebs/volume:Volume": "encrypted",
    "aws:efs/fileSystem:FileSystem": "encrypted",
    "aws:rds/cluster:Cluster": "storageEncrypted",
    "aws:rds/instance:Instance": "storageEncrypted",
}
_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


@resource_rule(
    About(
        name="encrypted-volumes",
        title="Volumes, file systems and databases are encrypted",
        description="EBS volumes, also those of launch templates, EFS file systems and RDS storage are encrypted.",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        frameworks=(cis_aws("2.2.1, 2.3.1, 5.1.1"), pci("3.5.1")),
        remediation=("Set encrypted (storageEncrypted for RDS) to true, with a kmsKeyId of your own.",),
    ),
    applies_to={*_ENCRYPTED, _TEMPLATE},
    config=RuleConfig,
)
def encrypted_volumes(storage: Subject, config: RuleConfig) -> Iterator[Violation]:
    """Each volume that is in clear."""
    fields = [(_ENCRYPTED[storage.type], storage.props)] if storage.type in _ENCRYPTED else []
    for index, device in enumerate(listed(storage.props, "blockDeviceMappings")):
        if device.get("ebs") is not None:
            fields.append((f"blockDeviceMappings[{index}].ebs.encrypted", mapping(device["ebs"])))
    for field, props in fields:
        if props.get(field.rpartition(".")[2]) not in (True, "true"):
            yield Violation(field=field, problem="is not true", fix="set it to true")


class KmsKeysConfig(RuleConfig):
    """`minimum_window`: the days that a key can be saved after somebody had it deleted (AWS: 7 to 30)."""

    minimum_window: int = 14


@resource_rule(
    About(
        name="kms-keys",
        title="KMS keys rotate, and take weeks to delete",
        description="Symmetric keys rotate every year, and a deletion can be called off for at least two weeks.",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        levels={"dev": Level.ADVISORY},
        frameworks=(cis_aws("3.6"), pci("3.7.4")),
        remediation=("Set enableKeyRotation to true and deletionWindowInDays to 30.",),
    ),
    applies_to={"aws:kms/key:Key"},
    config=KmsKeysConfig,
)
def kms_keys(key: Subject, config: KmsKeysConfig) -> Iterator[Violation]:
    """Keys that stay the same, or are gone too soon."""
    symmetric = (key.props.get("customerMasterKeySpec") or "SYMMETRIC_DEFAULT") == "SYMMETRIC_DEFAULT"
    if symmetric and key.props.get("enableKeyRotation") is not True:
        yield Violation(field="enableKeyRotation", problem="is not true", fix="set it to true")
    # AWS's default is 30.
    window = key.props.get("deletionWindowInDays")
    if isinstance(window, (int, float)) and window < config.minimum_window:
        problem = f"is less than {config.minimum_window}"
        yield Violation(field="deletionWindowInDays", problem=problem, fix="set it to 30")


Protects = Callable[[Subject], bool]


def _bucket_rule(
    name: str, wanted: str, resource: str, protects: Protects, references: tuple[str, ...]
) -> StackRule[Any]:
    """A rule that wants of every bucket a resource of its own, which has to be as `protects` says."""
    kinds = tuple(f"aws:s3/{resource[0].lower()}{resource[1:]}{version}:{resource}{version}" for version in ("", "V2"))
    about = About(
        name=name,
        title=f"S3 buckets: {wanted}",
        description=f"Every S3 bucket of the stack has a {resource} that gives it {wanted}.",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        frameworks=tuple(map(cis_aws, references)),
        remediation=(f"Add a {resource} whose bucket is this one, for {wanted}.",),
    )

    @stack_rule(about, config=RuleConfig)
    def check(stack: Stack, config: RuleConfig) -> Iterator[Violation]:
        protected = _protected(stack.of_type(*kinds), protects)
        yield from each(stack.of_type(*_BUCKETS), partial(_unprotected, protected, resource, wanted))

    return check


def _protected(companions: Iterable[Subject], protects: Protects) -> frozenset[str]:
    """URNs and names of the buckets that companions of one kind protect."""
    found: set[str] = set()
    for companion in companions:
        try:
            named = text(companion.props.get("bucket"))
        except UnknownValueError:
            # AWS names it only when it makes it; the dependency says which one it is.
            named = ""
        if protects(companion):
            found.update([named] if named else companion.dependencies)
    return frozenset(found - {""})


def _unprotected(protected: frozenset[str], resource: str, wanted: str, bucket: Subject) -> Iterator[Violation]:
    # The recording's answer for an id that nobody knows is the resource's name.
    if protected.intersection((bucket.urn, bucket.name)) or text(bucket.props.get("bucket")) in protected:
        return
    fix = f"add a {resource} whose bucket is this one"
    yield Violation(subject=bucket, field=wanted, problem="is missing", fix=fix)


def _blocks_all(block: Subject) -> bool:
    return all(block.props.get(one) is True for one in _BLOCKS)


def _encrypts(configuration: Subject) -> bool:
    rules = listed(configuration.props, "rules")
    return any(at(one, "applyServerSideEncryptionByDefault", "sseAlgorithm") for one in rules)


def _keeps_versions(versioning: Subject) -> bool:
    return text(at(versioning.props, "versioningConfiguration", "status")) == "Enabled"


def _denies_plain(policy: Subject) -> bool:
    """Whether a bucket's policy denies everybody what does not come over TLS."""
    document = policy.props.get("policy")
    try:
        parsed: Any = json.loads(document) if isinstance(document, str) else document
    except ValueError:
        return False
    statements = mapping(parsed).get("Statement")
    return any(map(_denies_transport, [statements] if isinstance(statements, Mapping) else items(statements)))


def _denies_transport(statement: Any) -> bool:
    condition = at(statement, "Condition", "Bool", "aws:SecureTransport")
    principal, actions = (mapping(statement).get(key) for key in ("Principal", "Action"))
    everybody = principal == "*" or at(principal, "AWS") == "*"
    everything = bool({"*", "s3:*"}.intersection([actions] if isinstance(actions, str) else map(text, items(actions))))
    return at(statement, "Effect") == "Deny" and condition in ("false", False) and everybody and everything


s3_public_access = _bucket_rule(
    "s3-public-access", "a public access block", "BucketPublicAccessBlock", _blocks_all, ("2.1.4",)
)
s3_encryption = _bucket_rule(
    "s3-encryption", "encryption", "BucketServerSideEncryptionConfiguration", _encrypts, ("2.1.1",)
)
s3_versioning = _bucket_rule("s3-versioning", "versioning", "BucketVersioning", _keeps_versions, ("2.1.2",))
s3_tls = _bucket_rule("s3-tls", "a policy that denies requests without TLS", "BucketPolicy", _denies_plain, ("2.1.1",))
