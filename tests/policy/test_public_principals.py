"""The rule `public-principals`."""

from __future__ import annotations

import json

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.aws_services import public_principals
from tests.policy.aws_objects import KEY, ROLE, aws
from tests.policy.objects import Props, judge
from tests.policy.rule_tests import RuleTests, Table


def role(principal: object, **statement: object) -> Props:
    allowed = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **statement}
    return aws(ROLE, assumeRolePolicy=json.dumps({"Statement": [allowed]}))


_MESSAGE = "assumeRolePolicy.Statement[0].Principal is everybody; name who may, or add a condition"
_ORGANISATION = {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}


class TestPublicPrincipals(RuleTests):
    table = Table(
        rule=public_principals,
        compliant={
            "a service": role({"Service": "eks.amazonaws.com"}),
            "an organisation": role({"AWS": "*"}, Condition=_ORGANISATION),
            "nobody": role("*", Effect="Deny"),
            "no policy": aws(KEY, enableKeyRotation=True),
            "no JSON": aws(ROLE, assumeRolePolicy="{"),
        },
        violations={
            "everybody": (role("*"), f"Role resource: {_MESSAGE}"),
            "every account": (role({"AWS": ["arn:aws:iam::1:root", "*"]}), f"Role resource: {_MESSAGE}"),
        },
        unknown={"the policy": aws(ROLE, assumeRolePolicy=UNKNOWN_STRING_VALUE)},
    )


@pytest.mark.parametrize("document", [{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "kms:*"}}])
def test_documents_and_single_statements_are_read(document: Props) -> None:
    assert len(judge(public_principals, aws(KEY, enableKeyRotation=True, policy=document))) == 1
