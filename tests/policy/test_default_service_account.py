"""The rule `default-service-account`."""

from __future__ import annotations

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.identity import default_service_account
from tests.policy.objects import Props, having, judge, without, workload
from tests.policy.rule_tests import RuleTests, Table, kubernetes_object

_FIELD = "spec.template.spec.serviceAccountName"
_MESSAGE = "Deployment shop/api: serviceAccountName is that of the namespace; name one of its own"


def binding(kind: str = "RoleBinding", role: str = "api", **subject: str) -> Props:
    target = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role}
    subjects = [{"kind": "ServiceAccount", "name": "api", "namespace": "shop", **subject}]
    return kubernetes_object("rbac.authorization.k8s.io/v1", kind, roleRef=target, subjects=subjects)


def operated(kind: str, **spec: object) -> Props:
    group = "redis.redis.opstreelabs.in/v1beta2" if kind.startswith("Redis") else "monitoring.coreos.com/v1"
    return kubernetes_object(group, kind, spec={"serviceAccountName": "api", **spec})


@pytest.mark.parametrize("kind", ["Redis", "RedisCluster", "Prometheus", "Alertmanager", "ThanosRuler"])
@pytest.mark.parametrize("account", [None, "default"])
def test_an_operators_pods_need_an_account_of_their_own_too(kind: str, account: str | None) -> None:
    """A template shows them to no rule, and the operator leaves them to the namespace's account and its token."""
    assert judge(default_service_account, operated(kind)) == []
    assert judge(default_service_account, operated(kind, serviceAccountName=account)) == [
        f"{kind} shop/api: spec.serviceAccountName is that of the namespace; name one of its own"
    ]


def test_an_operator_that_makes_its_accounts_itself_needs_none_named() -> None:
    """CloudNativePG gives each Cluster one, of the same name."""
    assert judge(default_service_account, kubernetes_object("postgresql.cnpg.io/v1", "Cluster", spec={})) == []


class TestDefaultServiceAccount(RuleTests):
    table = Table(
        rule=default_service_account,
        compliant={
            "an account of its own": [workload(), binding()],
            "a user": having(binding(name="default"), "subjects.0.kind", "User"),
        },
        violations={
            "none": (without(workload(), _FIELD), _MESSAGE),
            "by name": (having(workload(), _FIELD, "default"), _MESSAGE),
            "bound": (
                binding(name="default"),
                "RoleBinding shop/api: subjects has the account default; bind one of the workload's own",
            ),
        },
        unknown={"the account": having(workload(), _FIELD, UNKNOWN_STRING_VALUE)},
    )
