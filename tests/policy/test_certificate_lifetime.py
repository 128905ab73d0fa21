"""The rule `certificate-lifetime`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.operations import certificate_lifetime
from tests.policy.objects import Props, judge
from tests.policy.rule_tests import RuleTests, Table, kubernetes_object

_LATE = "Certificate shop/api: spec.renewBefore is not from 24h to the duration; leave time to notice a failure"


def _certificate(**spec: object) -> Props:
    return kubernetes_object("cert-manager.io/v1", "Certificate", spec={"secretName": "tls", **spec})


class TestCertificateLifetime(RuleTests):
    table = Table(
        rule=certificate_lifetime,
        compliant={
            "as cert-manager has it": _certificate(),
            "stated": _certificate(duration="2160h", renewBefore="720h", privateKey={"rotationPolicy": "Always"}),
            "a CA's own": _certificate(duration="87600h", isCA=True),
            "a key that signs tokens": _certificate(
                usages=["digital signature"], privateKey={"rotationPolicy": "Never"}
            ),
        },
        violations={
            "too long": (
                _certificate(duration="87600h"),
                "Certificate shop/api: spec.duration is more than 9552h; shorten it",
            ),
            "renewed in the last hour": (_certificate(renewBefore="1h"), _LATE),
            "renewed before it began": (_certificate(duration="24h", renewBefore="48h"), _LATE),
            "a server's key for ever, whatever it signs besides": (
                _certificate(usages=["digital signature", "server auth"], privateKey={"rotationPolicy": "Never"}),
                "Certificate shop/api: spec.privateKey.rotationPolicy is Never; set it to Always",
            ),
            "the same key for ever": (
                _certificate(privateKey={"rotationPolicy": "Never"}),
                "Certificate shop/api: spec.privateKey.rotationPolicy is Never; set it to Always",
            ),
        },
        unknown={"the duration": _certificate(duration=UNKNOWN_STRING_VALUE)},
    )


def test_the_bounds_can_be_configured() -> None:
    assert judge(certificate_lifetime, _certificate(duration="87600h"), config={"longest": "87600h"}) == []
