"""The rule `s3-public-access`."""

from __future__ import annotations

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.engine.evaluation import evaluate
from policy.rules.aws_storage import s3_public_access
from tests.policy.aws_objects import PUBLIC_ACCESS, bucket, companion, recorded
from tests.policy.objects import Props, having, judge, without
from tests.policy.rule_tests import RuleTests, Table

_WITH = companion(PUBLIC_ACCESS)
_MISSING = "Bucket resource: a public access block is missing; add a BucketPublicAccessBlock whose bucket is this one"


class TestS3PublicAccess(RuleTests):
    table = Table(
        rule=s3_public_access,
        compliant={"a bucket with its companion": [bucket(), _WITH], "no bucket": _WITH},
        violations={
            "alone": (bucket(), _MISSING),
            "that of another bucket": (bucket(), companion(PUBLIC_ACCESS, "other"), _MISSING),
        },
        unknown={"the bucket's name": bucket(UNKNOWN_STRING_VALUE)},
    )


@pytest.mark.parametrize(
    "weak",
    {
        "one flag off": having(_WITH, "blockPublicPolicy", False),
        "one flag left out": without(_WITH, "restrictPublicBuckets"),
    }.items(),
    ids=lambda one: one[0],
)
def test_a_companion_that_does_not_protect_is_none(weak: tuple[str, Props]) -> None:
    assert judge(s3_public_access, bucket(), weak[1]) == [_MISSING]


def test_a_bucket_that_aws_names_is_recognised_by_the_dependency() -> None:
    unnamed, other = without(bucket(), "bucket"), without(bucket(), "bucket")
    protection = companion(PUBLIC_ACCESS, UNKNOWN_STRING_VALUE)
    graph = recorded([("one", unnamed, ()), ("two", other, ()), ("protection", protection, ("one",))])
    assert [one.object for one in evaluate(graph, rules=[s3_public_access])] == ["Bucket two"]
