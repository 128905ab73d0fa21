"""The rule `s3-tls`."""

from __future__ import annotations

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.engine.evaluation import evaluate
from policy.rules.aws_storage import s3_tls
from tests.policy.aws_objects import BUCKET_POLICY, bucket, companion, recorded
from tests.policy.objects import Props, having, judge, without
from tests.policy.rule_tests import RuleTests, Table

_WITH = companion(BUCKET_POLICY)
_MISSING = (
    "Bucket resource: a policy that denies requests without TLS is missing; add a BucketPolicy whose bucket is this one"
)


class TestS3Tls(RuleTests):
    table = Table(
        rule=s3_tls,
        compliant={"a bucket with its companion": [bucket(), _WITH], "no bucket": _WITH},
        violations={
            "alone": (bucket(), _MISSING),
            "that of another bucket": (bucket(), companion(BUCKET_POLICY, "other"), _MISSING),
        },
        unknown={"the bucket's name": bucket(UNKNOWN_STRING_VALUE)},
    )


@pytest.mark.parametrize(
    "weak",
    {
        "an allowance": having(_WITH, "policy.Statement.0.Effect", "Allow"),
        "for one principal": having(_WITH, "policy.Statement.0.Principal", {"AWS": "arn:aws:iam::1:root"}),
        "for one action": having(_WITH, "policy.Statement.0.Action", "s3:GetObject"),
        "without a condition": without(_WITH, "policy.Statement.0.Condition"),
        "no JSON": having(_WITH, "policy", "deny"),
    }.items(),
    ids=lambda one: one[0],
)
def test_a_companion_that_does_not_protect_is_none(weak: tuple[str, Props]) -> None:
    assert judge(s3_tls, bucket(), weak[1]) == [_MISSING]


def test_a_bucket_that_aws_names_is_recognised_by_the_dependency() -> None:
    unnamed, other = without(bucket(), "bucket"), without(bucket(), "bucket")
    protection = companion(BUCKET_POLICY, UNKNOWN_STRING_VALUE)
    graph = recorded([("one", unnamed, ()), ("two", other, ()), ("protection", protection, ("one",))])
    assert [one.object for one in evaluate(graph, rules=[s3_tls])] == ["Bucket two"]
