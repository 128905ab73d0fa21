"""The rule `s3-encryption`."""

from __future__ import annotations

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.engine.evaluation import evaluate
from policy.rules.aws_storage import s3_encryption
from tests.policy.aws_objects import ENCRYPTION, bucket, companion, recorded
from tests.policy.objects import Props, having, judge, without
from tests.policy.rule_tests import RuleTests, Table

_WITH = companion(ENCRYPTION)
_MISSING = (
    "Bucket resource: encryption is missing; add a BucketServerSideEncryptionConfiguration whose bucket is this one"
)


class TestS3Encryption(RuleTests):
    table = Table(
        rule=s3_encryption,
        compliant={"a bucket with its companion": [bucket(), _WITH], "no bucket": _WITH},
        violations={
            "alone": (bucket(), _MISSING),
            "that of another bucket": (bucket(), companion(ENCRYPTION, "other"), _MISSING),
        },
        unknown={"the bucket's name": bucket(UNKNOWN_STRING_VALUE)},
    )


@pytest.mark.parametrize(
    "weak",
    {
        "no algorithm": having(_WITH, "rules", [{}]),
        "no rules": without(_WITH, "rules"),
    }.items(),
    ids=lambda one: one[0],
)
def test_a_companion_that_does_not_protect_is_none(weak: tuple[str, Props]) -> None:
    assert judge(s3_encryption, bucket(), weak[1]) == [_MISSING]


def test_a_bucket_that_aws_names_is_recognised_by_the_dependency() -> None:
    unnamed, other = without(bucket(), "bucket"), without(bucket(), "bucket")
    protection = companion(ENCRYPTION, UNKNOWN_STRING_VALUE)
    graph = recorded([("one", unnamed, ()), ("two", other, ()), ("protection", protection, ("one",))])
    assert [one.object for one in evaluate(graph, rules=[s3_encryption])] == ["Bucket two"]
