"""The rule `aws-tags`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.aws_access import aws_tags
from tests.policy.aws_objects import KEY, RULE, TAGS, aws, launch_template
from tests.policy.objects import judge
from tests.policy.rule_tests import RuleTests, Table


def _missing(tag: str) -> str:
    return f"Key resource: tags.{tag} is missing; add it"


_KEY = aws(KEY, enableKeyRotation=True)


class TestAwsTags(RuleTests):
    table = Table(
        rule=aws_tags,
        compliant={
            "tagged": launch_template(),
            "by the provider": _KEY | {"tags": {}, "tagsAll": TAGS},
            "with values that are not known yet": _KEY | {"tags": dict.fromkeys(TAGS, UNKNOWN_STRING_VALUE)},
        },
        violations={
            "no tags": (_KEY | {"tags": None}, *map(_missing, TAGS)),
            "one tag": (_KEY | {"tags": {"platform.io/system": "shop"}}, _missing("platform.io/environment")),
        },
        unknown={"all tags": _KEY | {"tags": UNKNOWN_STRING_VALUE}},
    )


def test_what_cannot_be_tagged_and_which_tags_are_wanted() -> None:
    assert judge(aws_tags, aws(RULE) | {"tags": None}) == []
    assert judge(aws_tags, _KEY, config={"required": ["cost-centre"]}) == [_missing("cost-centre")]
