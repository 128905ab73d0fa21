"""The rule `default-service-account`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.identity import default_service_account
from tests.policy.objects import Props, having, without, workload
from tests.policy.rule_tests import RuleTests, Table, kubernetes_object

_FIELD = "spec.template.spec.serviceAccountName"
_MESSAGE = "Deployment shop/api: serviceAccountName is that of the namespace; name one of its own"


def binding(kind: str = "RoleBinding", role: str = "api", **subject: str) -> Props:
    target = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role}
    subjects = [{"kind": "ServiceAccount", "name": "api", "namespace": "shop", **subject}]
    return kubernetes_object("rbac.authorization.k8s.io/v1", kind, roleRef=target, subjects=subjects)


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
