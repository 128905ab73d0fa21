"""The rule `eks-endpoint`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.aws_cluster import eks_endpoint
from tests.policy.aws_objects import cluster
from tests.policy.objects import having, without
from tests.policy.rule_tests import RuleTests, Table

_OPEN = (
    "Cluster resource: vpcConfig.publicAccessCidrs admits every address; "
    "set endpointPublicAccess to false, or name the networks that may connect"
)


class TestEksEndpoint(RuleTests):
    table = Table(
        rule=eks_endpoint,
        compliant={
            "named networks": cluster(),
            "private": having(cluster(), "vpcConfig", {"endpointPrivateAccess": True, "endpointPublicAccess": False}),
        },
        violations={
            "everybody": (having(cluster(), "vpcConfig.publicAccessCidrs", ["10.0.0.0/8", "0.0.0.0/0"]), _OPEN),
            "everybody by IPv6": (having(cluster(), "vpcConfig.publicAccessCidrs", ["::/0"]), _OPEN),
            "everybody by default": (without(cluster(), "vpcConfig.publicAccessCidrs"), _OPEN),
            "not private": (
                having(cluster(), "vpcConfig.endpointPrivateAccess", False),
                "Cluster resource: vpcConfig.endpointPrivateAccess is not true; set it to true",
            ),
        },
        unknown={"a network": having(cluster(), "vpcConfig.publicAccessCidrs", [UNKNOWN_STRING_VALUE])},
    )
