"""The rule `instance-metadata`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.aws_cluster import instance_metadata
from tests.policy.aws_objects import launch_template
from tests.policy.objects import having, judge, without
from tests.policy.rule_tests import RuleTests, Table

_TOKENS = "LaunchTemplate resource: metadataOptions.httpTokens is not required; set it to required"
_HOPS = "LaunchTemplate resource: metadataOptions.httpPutResponseHopLimit is not 1; set it to 1"
_OPTIONS = "metadataOptions"


class TestInstanceMetadata(RuleTests):
    table = Table(
        rule=instance_metadata,
        compliant={
            "IMDSv2": launch_template(),
            "none at all": having(launch_template(), _OPTIONS, {"httpEndpoint": "disabled"}),
        },
        violations={
            "nothing": (without(launch_template(), _OPTIONS), _TOKENS, _HOPS),
            "IMDSv1": (having(launch_template(), f"{_OPTIONS}.httpTokens", "optional"), _TOKENS),
            "pods": (having(launch_template(), f"{_OPTIONS}.httpPutResponseHopLimit", 2), _HOPS),
        },
        unknown={"tokens": having(launch_template(), f"{_OPTIONS}.httpTokens", UNKNOWN_STRING_VALUE)},
    )


def test_the_hop_limit_can_be_configured() -> None:
    two = having(launch_template(), f"{_OPTIONS}.httpPutResponseHopLimit", 2)
    assert judge(instance_metadata, two, config={"hop_limit": 2}) == []
