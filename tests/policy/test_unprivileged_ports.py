"""The rule `unprivileged-ports`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_NUMBER_VALUE

from policy.rules.ports import unprivileged_ports
from tests.policy.objects import Props, having, judge, workload
from tests.policy.rule_tests import RuleTests, Table, in_container, in_every_role


def _port(number: object) -> list[Props]:
    return [{"containerPort": number}]


_BINDING = having(
    in_container("container", "ports", _port(80)),
    "spec.template.spec.containers.0.securityContext.capabilities",
    {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
)


class TestUnprivilegedPorts(RuleTests):
    table = Table(
        rule=unprivileged_ports,
        compliant={"high": workload(), "the first": in_container("container", "ports", _port(1024)), "may": _BINDING},
        violations={
            **in_every_role("ports", _port(80), "ports[0].containerPort is 80; listen above 1023"),
            "a shell, whatever it may": (
                having(_BINDING, "spec.template.spec.containers.0.ports", _port(22)),
                "Deployment shop/api, container web: ports[0].containerPort is 22; listen above 1023",
            ),
        },
        unknown={"the port": in_container("container", "ports", _port(UNKNOWN_NUMBER_VALUE))},
    )


def test_ports_can_be_allowed() -> None:
    assert judge(unprivileged_ports, in_container("container", "ports", _port(80)), config={"allowed": [80]}) == []
