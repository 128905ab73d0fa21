"""The rule `private-nodes`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.engine.evaluation import evaluate
from policy.rules.aws_cluster import private_nodes
from tests.policy.aws_objects import NODE_GROUP, SUBNET, aws, launch_template, recorded
from tests.policy.objects import having
from tests.policy.rule_tests import RuleTests, Table

_PUBLIC = "LaunchTemplate resource: associatePublicIpAddress is true; set it to false"
_ADDRESS = "networkInterfaces.0.associatePublicIpAddress"


class TestPrivateNodes(RuleTests):
    table = Table(
        rule=private_nodes,
        compliant={"private": launch_template(), "a group of nodes": aws(NODE_GROUP, subnetIds=["subnet-1"])},
        violations={
            "an address": (having(launch_template(), _ADDRESS, True), _PUBLIC),
            "an address, as text": (having(launch_template(), _ADDRESS, "true"), _PUBLIC),
        },
        unknown={"whether": having(launch_template(), _ADDRESS, UNKNOWN_STRING_VALUE)},
    )


def test_a_node_group_in_a_public_subnet_is_named() -> None:
    subnets = [("open", aws(SUBNET, mapPublicIpOnLaunch=True), ()), ("closed", aws(SUBNET), ())]
    nodes = aws(NODE_GROUP, subnetIds=[UNKNOWN_STRING_VALUE, UNKNOWN_STRING_VALUE])
    graph = recorded([*subnets, ("nodes", nodes, ("open", "closed"))])
    (finding,) = evaluate(graph, rules=[private_nodes])
    assert finding.message == (
        "NodeGroup nodes: subnetIds has the public Subnet open; use a subnet without mapPublicIpOnLaunch"
    )
    assert evaluate(recorded([*subnets, ("nodes", nodes, ("closed",))]), rules=[private_nodes]) == ()
