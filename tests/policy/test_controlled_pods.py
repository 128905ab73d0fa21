"""The rule `controlled-pods`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_OBJECT_VALUE

from policy.rules.availability import controlled_pods
from tests.policy.objects import having, workload
from tests.policy.rule_tests import RuleTests, Table

_OWNER = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "api", "controller": True}


class TestControlledPods(RuleTests):
    table = Table(
        rule=controlled_pods,
        compliant={"a Deployment": workload(), "owned": having(workload("Pod"), "metadata.ownerReferences", [_OWNER])},
        violations={
            "alone": (workload("Pod"), "Pod shop/api: the pod has no controller; use a Deployment or a Job"),
            "owners that are none": (
                having(workload("Pod"), "metadata.ownerReferences", []),
                "Pod shop/api: the pod has no controller; use a Deployment or a Job",
            ),
        },
        unknown={"the pod": having(workload("Pod"), "spec", UNKNOWN_OBJECT_VALUE)},
    )
