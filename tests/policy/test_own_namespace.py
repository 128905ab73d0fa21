"""The rule `own-namespace`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.availability import own_namespace
from tests.policy.objects import having, judge, without, workload
from tests.policy.rule_tests import RuleTests, Table, kubernetes_object

_FIX = "name the system's own"


class TestOwnNamespace(RuleTests):
    table = Table(
        rule=own_namespace,
        compliant={
            "a workload": workload(),
            "of the whole cluster": kubernetes_object("rbac.authorization.k8s.io/v1", "ClusterRole", rules=[]),
        },
        violations={
            "none": (
                without(workload(), "metadata.namespace"),
                f"Deployment api: metadata.namespace is missing, and thus default; {_FIX}",
            ),
            "default": (
                having(workload(), "metadata.namespace", "default"),
                f"Deployment default/api: metadata.namespace is default; {_FIX}",
            ),
            "Kubernetes' own": (
                kubernetes_object("v1", "ConfigMap", metadata={"namespace": "kube-system"}),
                f"ConfigMap kube-system/api: metadata.namespace is kube-system; {_FIX}",
            ),
        },
        unknown={"the namespace": having(workload(), "metadata.namespace", UNKNOWN_STRING_VALUE)},
    )


def test_reserved_namespaces_can_be_configured() -> None:
    assert judge(own_namespace, having(workload(), "metadata.namespace", "default"), config={"reserved": []}) == []
