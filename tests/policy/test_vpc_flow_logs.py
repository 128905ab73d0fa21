"""The rule `vpc-flow-logs`."""

from __future__ import annotations

from policy.engine.evaluation import evaluate
from policy.rules.aws_services import vpc_flow_logs
from tests.policy.aws_objects import FLOW_LOG, VPC, aws, recorded

_VPC, _LOG = ("network", aws(VPC), ()), ("log", aws(FLOW_LOG, trafficType="ALL"), ("network",))
_MESSAGE = "Vpc network: its connections are logged by no FlowLog; add a FlowLog whose vpcId is this one's"


def test_a_network_without_a_log_is_named() -> None:
    assert [one.message for one in evaluate(recorded([_VPC]), rules=[vpc_flow_logs])] == [_MESSAGE]
    other = ("other", aws(VPC), ())
    (finding,) = evaluate(recorded([_VPC, other, _LOG]), rules=[vpc_flow_logs])
    assert finding.object == "Vpc other"


def test_a_network_with_a_log_and_no_network_at_all_have_no_findings() -> None:
    assert evaluate(recorded([_VPC, _LOG]), rules=[vpc_flow_logs]) == ()
    assert evaluate(recorded([]), rules=[vpc_flow_logs]) == ()
