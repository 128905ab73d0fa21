"""The rule `s3-versioning`."""

from __future__ import annotations

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.engine.evaluation import evaluate
from policy.rules.aws_storage import s3_versioning
from tests.policy.aws_objects import VERSIONING, bucket, companion, recorded
from tests.policy.objects import Props, having, judge, without
from tests.policy.rule_tests import RuleTests, Table

_WITH = companion(VERSIONING)
_MISSING = "Bucket resource: versioning is missing; add a BucketVersioning whose bucket is this one"


class TestS3Versioning(RuleTests):
    table = Table(
        rule=s3_versioning,
        compliant={"a bucket with its companion": [bucket(), _WITH], "no bucket": _WITH},
        violations={
            "alone": (bucket(), _MISSING),
            "that of another bucket": (bucket(), companion(VERSIONING, "other"), _MISSING),
        },
        unknown={"the bucket's name": bucket(UNKNOWN_STRING_VALUE)},
    )


@pytest.mark.parametrize(
    "weak",
    {
        "suspended": having(_WITH, "versioningConfiguration.status", "Suspended"),
        "nothing said": without(_WITH, "versioningConfiguration"),
    }.items(),
    ids=lambda one: one[0],
)
def test_a_companion_that_does_not_protect_is_none(weak: tuple[str, Props]) -> None:
    assert judge(s3_versioning, bucket(), weak[1]) == [_MISSING]


def test_a_bucket_that_aws_names_is_recognised_by_the_dependency() -> None:
    unnamed, other = without(bucket(), "bucket"), without(bucket(), "bucket")
    protection = companion(VERSIONING, UNKNOWN_STRING_VALUE)
    graph = recorded([("one", unnamed, ()), ("two", other, ()), ("protection", protection, ("one",))])
    assert [one.object for one in evaluate(graph, rules=[s3_versioning])] == ["Bucket two"]
