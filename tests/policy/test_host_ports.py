"""The rule `host-ports`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_NUMBER_VALUE

from policy.rules.host_access import host_ports
from tests.policy.objects import workload
from tests.policy.rule_tests import RuleTests, Table, in_container, in_every_role


class TestHostPorts(RuleTests):
    table = Table(
        rule=host_ports,
        compliant={
            "a container's port": workload(),
            "none": in_container("container", "ports", [{"containerPort": 80, "hostPort": 0}]),
        },
        violations=in_every_role("ports", [{"containerPort": 8080, "hostPort": 80}], "hostPort is set; use a Service"),
        unknown={"the port": in_container("container", "ports", [{"hostPort": UNKNOWN_NUMBER_VALUE}])},
    )
