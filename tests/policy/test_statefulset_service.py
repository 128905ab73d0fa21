"""The rule `statefulset-service`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.availability import statefulset_service
from tests.policy.objects import having, without, workload
from tests.policy.rule_tests import RuleTests, Table

_SET = workload("StatefulSet")
_MESSAGE = "StatefulSet shop/api: spec.serviceName is missing; name a headless Service"


class TestStatefulSetService(RuleTests):
    table = Table(
        rule=statefulset_service,
        compliant={"named": _SET},
        violations={
            "none": (without(_SET, "spec.serviceName"), _MESSAGE),
            "empty": (having(_SET, "spec.serviceName", ""), _MESSAGE),
        },
        unknown={"the name": having(_SET, "spec.serviceName", UNKNOWN_STRING_VALUE)},
    )
