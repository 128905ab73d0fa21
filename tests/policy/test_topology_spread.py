"""The rule `topology-spread`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_ARRAY_VALUE

from policy.rules.availability import topology_spread
from tests.policy.objects import having, judge, without, workload
from tests.policy.rule_tests import RuleTests, Table

_FIELD = "spec.template.spec.topologySpreadConstraints"
_LACKS = "topologySpreadConstraints lacks topology.kubernetes.io/zone; add a constraint for it"


class TestTopologySpread(RuleTests):
    table = Table(
        rule=topology_spread,
        compliant={
            "over zones": [workload(), workload("StatefulSet")],
            "a single pod": without(having(workload(), "spec.replicas", 1), _FIELD),
        },
        violations={
            "not at all": (without(workload(), _FIELD), f"Deployment shop/api: {_LACKS}"),
            "over nodes only": (
                having(workload("StatefulSet"), _FIELD, [{"topologyKey": "kubernetes.io/hostname"}]),
                f"StatefulSet shop/api: {_LACKS}",
            ),
        },
        unknown={"the constraints": having(workload(), _FIELD, UNKNOWN_ARRAY_VALUE)},
    )


def test_the_labels_can_be_configured() -> None:
    config = {"keys": ["kubernetes.io/hostname"]}
    assert judge(topology_spread, workload(), config=config) == [
        "Deployment shop/api: topologySpreadConstraints lacks kubernetes.io/hostname; add a constraint for it"
    ]
