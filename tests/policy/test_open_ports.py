"""The rule `open-ports`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.aws_access import open_ports
from tests.policy.aws_objects import GROUP, INGRESS, RULE, aws, group
from tests.policy.objects import judge
from tests.policy.rule_tests import RuleTests, Table

_FIX = "admits every address; name who may connect, or open 443 only"
_SSH = {"fromPort": 22, "toPort": 22, "cidrBlocks": ["10.0.0.0/8", "0.0.0.0/0"]}


class TestOpenPorts(RuleTests):
    table = Table(
        rule=open_ports,
        compliant={
            "443": group(),
            "a network": group({"fromPort": 22, "toPort": 22, "cidrBlocks": ["10.0.0.0/8"]}),
            "egress": aws(RULE, type="egress", fromPort=0, toPort=0, cidrBlocks=["0.0.0.0/0"]),
            "443 in a rule of its own": aws(INGRESS, fromPort=443, toPort=443, cidrIpv4="0.0.0.0/0"),
        },
        violations={
            "SSH": (group(_SSH), f"SecurityGroup resource: ingress[0] {_FIX}"),
            "a range around 443": (
                group({"fromPort": 0, "toPort": 443, "ipv6CidrBlocks": ["::/0"]}),
                f"SecurityGroup resource: ingress[0] {_FIX}",
            ),
            "a rule": (aws(RULE, type="ingress", **_SSH), f"SecurityGroupRule resource: the rule {_FIX}"),
            "all protocols": (
                aws(INGRESS, ipProtocol="-1", cidrIpv4="0.0.0.0/0"),
                f"SecurityGroupIngressRule resource: the rule {_FIX}",
            ),
        },
        unknown={"the networks": aws(GROUP, ingress=[{"cidrBlocks": UNKNOWN_STRING_VALUE}])},
    )


def test_which_ports_are_public_can_be_configured() -> None:
    http = group({"fromPort": 80, "toPort": 80, "cidrBlocks": ["0.0.0.0/0"]})
    assert judge(open_ports, http, config={"public_ports": [80, 443]}) == []
