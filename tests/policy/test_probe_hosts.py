"""The rule `probe-hosts`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.host_access import probe_hosts
from tests.policy.objects import workload
from tests.policy.rule_tests import RuleTests, Table, in_container

_PLACES = ("startupProbe", "readinessProbe", "livenessProbe", "lifecycle.preStop", "lifecycle.postStart")
_ACTIONS = ("httpGet", "tcpSocket")


class TestProbeHosts(RuleTests):
    table = Table(
        rule=probe_hosts,
        compliant={
            "none": workload(),
            "an empty one": in_container("container", "readinessProbe.httpGet.host", ""),
        },
        violations={
            f"{place}.{action}": (
                in_container("container", place, {action: {"host": "example.com", "port": 80}}),
                f"Deployment shop/api, container web: {place}.{action}.host is set; remove it",
            )
            for place in _PLACES
            for action in _ACTIONS
        },
        unknown={"the host": in_container("container", "readinessProbe.httpGet.host", UNKNOWN_STRING_VALUE)},
    )
