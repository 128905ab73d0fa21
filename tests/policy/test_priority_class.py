"""The rule `priority-class`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.resources import priority_class
from tests.policy.objects import having, judge, without, workload
from tests.policy.rule_tests import RuleTests, Table
from tests.policy.stack_objects import made
from tests.policy.test_postgres_instances import database

_FIELD = "spec.template.spec.priorityClassName"
_CRITICAL = having(workload(), _FIELD, "system-node-critical")


class TestPriorityClass(RuleTests):
    table = Table(
        rule=priority_class,
        compliant={
            "stated": workload(),
            "stated by a custom resource": made("Cluster", spec={"priorityClassName": "standard"}),
            "stated in a pooler's template": made(
                "Pooler", spec={"template": {"spec": {"priorityClassName": "standard"}}}
            ),
            "a job": without(workload("Job"), _FIELD),
        },
        violations={
            "none": (
                without(workload(), _FIELD),
                "Deployment shop/api: priorityClassName is missing; name a class of the platform",
            ),
            "none of a custom resource": (
                without(database(), "spec.priorityClassName"),
                "Cluster shop/api: spec.priorityClassName is missing; name a class of the platform",
            ),
            "none of a pooler, which says it in a template": (
                made("Pooler", spec={"instances": 2}),
                "Pooler shop/api: spec.template.spec.priorityClassName is missing; name a class of the platform",
            ),
            "that of a part of Kubernetes": (
                _CRITICAL,
                "Deployment shop/api: priorityClassName is system-node-critical; name a class of the platform",
            ),
        },
        unknown={"the class": having(workload(), _FIELD, UNKNOWN_STRING_VALUE)},
    )


def test_what_is_reserved_can_be_configured() -> None:
    assert judge(priority_class, _CRITICAL, config={"reserved": []}) == []
