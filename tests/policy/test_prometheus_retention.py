"""The rule `prometheus-retention`."""

from __future__ import annotations

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.facts.values import duration
from policy.rules.operations import prometheus_retention
from tests.policy.objects import Props, judge
from tests.policy.rule_tests import RuleTests, Table, kubernetes_object

_CLAIM = {"spec": {"storageClassName": "fast", "resources": {"requests": {"storage": "100Gi"}}}}


def _prometheus(**spec: object) -> Props:
    usual = {"retention": "15d", "retentionSize": "80GiB", "storage": {"volumeClaimTemplate": _CLAIM}}
    return kubernetes_object("monitoring.coreos.com/v1", "Prometheus", spec={**usual, **spec})


class TestPrometheusRetention(RuleTests):
    table = Table(
        rule=prometheus_retention,
        compliant={"within its volume": _prometheus(), "just": _prometheus(retentionSize="90GiB")},
        violations={
            "no volume": (
                _prometheus(storage={"emptyDir": {}}),
                "Prometheus shop/api: spec.storage.volumeClaimTemplate is missing; give it a volume",
            ),
            "no time": (
                _prometheus(retention=None),
                "Prometheus shop/api: spec.retention is missing; say how long metrics are kept",
            ),
            "no size": (
                _prometheus(retentionSize=None),
                "Prometheus shop/api: spec.retentionSize is missing; say how much may be kept",
            ),
            "more than the volume can take": (
                _prometheus(retentionSize="95GiB"),
                "Prometheus shop/api: spec.retentionSize is more than 90% of the volume; "
                "lower it or enlarge the volume",
            ),
        },
        unknown={"the time": _prometheus(retention=UNKNOWN_STRING_VALUE)},
    )


def test_the_share_can_be_configured() -> None:
    assert judge(prometheus_retention, _prometheus(retentionSize="95GiB"), config={"share": 1}) == []


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("15d", 1296000), ("1h30m", 5400), ("0", 0), ("0s", 0), ("1.5h", 5400), ("h", None), ("1h ", None), (None, None)],
)
def test_durations_are_read_as_the_apis_write_them(text: object, seconds: float | None) -> None:
    assert duration(text) == seconds
