"""The rule `service-account-token`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.identity import service_account_token
from tests.policy.objects import having, judge, without, workload
from tests.policy.rule_tests import RuleTests, Table
from tests.policy.test_default_service_account import binding

_MOUNTED = having(workload(), "spec.template.spec.automountServiceAccountToken", True)
_ACCOUNT = "spec.template.spec.serviceAccountName"
_FIX = "set it to false, or bind the account to a Role"


def _message(account: str = "api") -> str:
    problem = f"is true, and nothing is bound to its account {account}"
    return f"Deployment shop/api: automountServiceAccountToken {problem}; {_FIX}"


class TestServiceAccountToken(RuleTests):
    table = Table(
        rule=service_account_token,
        compliant={
            "no token": workload(),
            "rights": [_MOUNTED, binding()],
            "rights in all namespaces": [_MOUNTED, binding("ClusterRoleBinding")],
        },
        violations={
            "no rights": (_MOUNTED, _message()),
            "rights of another namespace's account": (_MOUNTED, binding(namespace="other"), _message()),
            "rights of a user of that name": (_MOUNTED, having(binding(), "subjects.0.kind", "User"), _message()),
            "no account": (without(_MOUNTED, _ACCOUNT), _message("default")),
        },
        unknown={"the account": having(_MOUNTED, _ACCOUNT, UNKNOWN_STRING_VALUE)},
        also=frozenset({"default-service-account"}),
    )


def test_a_binding_that_names_no_namespace_means_its_own() -> None:
    assert judge(service_account_token, _MOUNTED, without(binding(), "subjects.0.namespace")) == []
