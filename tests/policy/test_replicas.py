"""The rule `replicas`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_NUMBER_VALUE

from policy.rules.availability import replicas
from tests.policy.objects import LABELS, Props, having, judge, without, workload
from tests.policy.rule_tests import RuleTests, Table, kubernetes_object
from tests.policy.test_service_exposure import service

_SERVICE = service(selector={"app.kubernetes.io/name": LABELS["app.kubernetes.io/name"]})
_ONE = having(workload(), "spec.replicas", 1)
_REASON = "platform.io/single-replica-reason"
_MESSAGE = (
    "Deployment shop/api: spec.replicas is 1, and a Service sends traffic here; "
    "set it to 2 or more, or say why in the annotation platform.io/single-replica-reason"
)


def _autoscaler(name: str = "api") -> Props:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    return kubernetes_object("autoscaling/v2", "HorizontalPodAutoscaler", spec={"scaleTargetRef": target})


class TestReplicas(RuleTests):
    table = Table(
        rule=replicas,
        compliant={
            "two": [workload(), _SERVICE],
            "as many as an autoscaler says": [without(workload(), "spec.replicas"), _SERVICE, _autoscaler()],
            "nobody sends it anything": [_ONE, service(selector={"app.kubernetes.io/name": "other"})],
            "one, and why": [having(_ONE, "metadata.annotations", {_REASON: "it is a singleton"}), _SERVICE],
            "scaled to nothing": [having(workload(), "spec.replicas", 0), _SERVICE],
        },
        violations={
            "one": (_ONE, _SERVICE, _MESSAGE),
            "one by default": (without(workload(), "spec.replicas"), _SERVICE, _MESSAGE),
            "one, and an empty reason": (having(_ONE, "metadata.annotations", {_REASON: " "}), _SERVICE, _MESSAGE),
            "another's autoscaler": (_ONE, _SERVICE, _autoscaler("web"), _MESSAGE),
        },
        unknown={"the number": having(workload(), "spec.replicas", UNKNOWN_NUMBER_VALUE)},
        also=frozenset({"autoscaler"}),
    )


def test_the_number_can_be_configured() -> None:
    assert judge(replicas, _ONE, _SERVICE, config={"minimum": 1}) == []
