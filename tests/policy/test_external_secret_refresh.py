"""The rule `external-secret-refresh`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.operations import external_secret_refresh
from tests.policy.objects import Props, judge
from tests.policy.rule_tests import RuleTests, Table, kubernetes_object

_OUT = "ExternalSecret shop/api: spec.refreshInterval is not from 1m to 24h; set it to an hour or so"


def _secret(**spec: object) -> Props:
    return kubernetes_object("external-secrets.io/v1", "ExternalSecret", spec={"refreshInterval": "1h", **spec})


class TestExternalSecretRefresh(RuleTests):
    table = Table(
        rule=external_secret_refresh,
        compliant={"every hour": _secret(), "so it says": _secret(refreshPolicy="Periodic")},
        violations={
            "never": (_secret(refreshInterval="0"), _OUT),
            "too often": (_secret(refreshInterval="1s"), _OUT),
            "too seldom": (_secret(refreshInterval="48h"), _OUT),
            "not stated": (
                _secret(refreshInterval=None),
                "ExternalSecret shop/api: spec.refreshInterval is missing; set it to an hour or so",
            ),
            "once": (
                _secret(refreshPolicy="CreatedOnce"),
                "ExternalSecret shop/api: spec.refreshPolicy is not Periodic; remove it",
            ),
        },
        unknown={"the interval": _secret(refreshInterval=UNKNOWN_STRING_VALUE)},
    )


def test_the_bounds_can_be_configured() -> None:
    assert judge(external_secret_refresh, _secret(refreshInterval="48h"), config={"longest": "7d"}) == []
