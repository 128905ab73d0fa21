"""The rule `canary-analysis`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_ARRAY_VALUE

from policy.rules.operations import canary_analysis
from tests.policy.objects import Props, having, without
from tests.policy.rule_tests import RuleTests, Table, kubernetes_object

_METRIC = {"name": "request-success-rate", "interval": "1m", "thresholdRange": {"min": 99}}
_CANARY = kubernetes_object(
    "flagger.app/v1beta1",
    "Canary",
    spec={"analysis": {"interval": "1m", "threshold": 5, "stepWeight": 10, "metrics": [_METRIC]}},
)


def _metrics(*metrics: Props) -> Props:
    return having(_CANARY, "spec.analysis.metrics", list(metrics))


class TestCanaryAnalysis(RuleTests):
    table = Table(
        rule=canary_analysis,
        compliant={
            "measured": _CANARY,
            "at most": _metrics({"name": "request-duration", "thresholdRange": {"max": 500}}),
            "as it used to be written": _metrics({"name": "request-duration", "threshold": 500}),
        },
        violations={
            "not at all": (
                having(_CANARY, "spec.skipAnalysis", True),
                "Canary shop/api: spec.skipAnalysis is true; remove it",
            ),
            "never rolled back": (
                without(_CANARY, "spec.analysis.threshold"),
                "Canary shop/api: spec.analysis.threshold is missing; say after how many failed checks to roll back",
            ),
            "nothing measured": (_metrics(), "Canary shop/api: spec.analysis.metrics is missing; name what to measure"),
            "anything is good": (
                _metrics(_METRIC, {"name": "a", "thresholdRange": {}}),
                "Canary shop/api: spec.analysis.metrics[1].thresholdRange has neither min nor max; say what is good",
            ),
        },
        unknown={"the metrics": having(_CANARY, "spec.analysis.metrics", UNKNOWN_ARRAY_VALUE)},
    )
