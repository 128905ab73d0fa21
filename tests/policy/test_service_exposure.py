"""The rule `service-exposure`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.exposure import service_exposure
from tests.policy.objects import Props, judge
from tests.policy.rule_tests import RuleTests, Table, kubernetes_object

_REASON = {"annotations": {"platform.io/exposure-reason": "MQTT is no HTTP"}}
_FIX = "use ClusterIP and an Ingress"


def service(metadata: Props | None = None, **spec: object) -> Props:
    return kubernetes_object("v1", "Service", metadata=metadata or {}, spec={"selector": {"a": "b"}, **spec})


class TestServiceExposure(RuleTests):
    table = Table(
        rule=service_exposure,
        compliant={
            "inside by default": service(),
            "inside": service(type="ClusterIP", externalIPs=[]),
            "with a reason": service(_REASON, type="LoadBalancer"),
        },
        violations={
            "a port of every node": (
                service(_REASON, type="NodePort"),
                f"Service shop/api: spec.type is NodePort; {_FIX}",
            ),
            "a load balancer": (
                service(type="LoadBalancer"),
                "Service shop/api: spec.type is LoadBalancer without a reason; "
                f"{_FIX}, or say why in the annotation platform.io/exposure-reason",
            ),
            "external addresses": (
                service(externalIPs=["192.0.2.1"]),
                "Service shop/api: spec.externalIPs claims addresses; remove it: CVE-2020-8554",
            ),
        },
        unknown={"the type": service(type=UNKNOWN_STRING_VALUE)},
    )


def test_the_annotation_can_be_configured() -> None:
    other = service({"annotations": {"why": "because"}}, type="LoadBalancer")
    assert judge(service_exposure, other, config={"reason_annotation": "why"}) == []
