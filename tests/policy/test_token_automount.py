"""The rule `token-automount`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_BOOLEAN_VALUE

from policy.rules.identity import token_automount
from tests.policy.objects import having, service_account, without, workload
from tests.policy.rule_tests import RuleTests, Table

_FIELD = "automountServiceAccountToken"
_POD = f"spec.template.spec.{_FIELD}"
_NONE = without(workload(), _POD)


class TestTokenAutomount(RuleTests):
    table = Table(
        rule=token_automount,
        compliant={"both": [workload(), service_account()], "on request": having(workload(), _POD, True)},
        violations={
            "a pod": (
                _NONE,
                f"Deployment shop/api: {_FIELD} is missing; set it to false, or to true if it calls the API",
            ),
            "an account": (
                having(service_account(), _FIELD, True),
                f"ServiceAccount shop/api: {_FIELD} is not false; set it to false",
            ),
        },
        unknown={"the field": having(workload(), _POD, UNKNOWN_BOOLEAN_VALUE)},
        repairs={
            "a pod": (_NONE, workload()),
            "an account": (without(service_account(), _FIELD), service_account()),
        },
    )
