"""The rule `host-path`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_OBJECT_VALUE

from policy.rules.host_access import host_path
from tests.policy.objects import Props, having, workload
from tests.policy.rule_tests import RuleTests, Table


def mounting(volume: Props) -> Props:
    return having(workload(), "spec.template.spec.volumes", [volume])


class TestHostPath(RuleTests):
    table = Table(
        rule=host_path,
        compliant={"an emptyDir": workload(), "null": mounting({"name": "run", "hostPath": None})},
        violations={
            "a directory": (
                mounting({"name": "run", "hostPath": {"path": "/run"}}),
                "Deployment shop/api: volume run is a hostPath; use an emptyDir or a claim",
            ),
            "without a name": (
                mounting({"hostPath": {"path": "/run"}}),
                "Deployment shop/api: volume #1 is a hostPath; use an emptyDir or a claim",
            ),
        },
        unknown={"the volume": mounting({"name": "run", "hostPath": UNKNOWN_OBJECT_VALUE})},
    )
