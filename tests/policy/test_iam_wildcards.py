"""The rule `iam-wildcards`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.aws_access import iam_wildcards
from tests.policy.aws_objects import POLICY, ROLE_POLICY, aws, policy, statement
from tests.policy.objects import judge
from tests.policy.rule_tests import RuleTests, Table

_ALL = "Policy resource: policy.Statement[0] allows all actions on all resources; name the actions and the resources"
_BUT = _ALL.replace("all actions on", "all actions but some on")


class TestIamWildcards(RuleTests):
    table = Table(
        rule=iam_wildcards,
        compliant={
            "named": policy(),
            "all actions on one resource": policy(statement(Action="*")),
            "one action on all resources": policy(statement(Resource="*")),
            "a denial of everything": policy(statement(Effect="Deny", Action="*", Resource="*")),
            "no statement": aws(POLICY, policy="{}"),
        },
        violations={
            "everything": (policy(statement(Action="*", Resource="*")), _ALL),
            "everything, with a colon": (policy(statement(Action=["*:*"], Resource=["*"])), _ALL),
            "everything but": (policy({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}), _BUT),
            "everywhere but": (policy({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::a"}), _ALL),
            "an object instead of JSON": (
                aws(POLICY, policy={"Statement": statement(Action="*", Resource="*")}),
                _ALL,
            ),
            "no JSON": (
                aws(POLICY, policy="allow all"),
                "Policy resource: policy is no JSON; write it as a document, with json.dumps",
            ),
        },
        unknown={"the document": aws(POLICY, policy=UNKNOWN_STRING_VALUE)},
    )


def test_inline_policies_are_judged_and_each_statement_is_named() -> None:
    inline = policy(statement(), statement(Action="*", Resource="*"), kind=ROLE_POLICY)
    assert judge(iam_wildcards, inline) == [_ALL.replace("Policy res", "RolePolicy res").replace("[0]", "[1]")]
