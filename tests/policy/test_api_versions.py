"""The rule `api-versions`."""

from __future__ import annotations

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.versions import api_versions
from tests.policy.objects import judge, shop
from tests.policy.rule_tests import RuleTests, Table, kubernetes_object

_GONE = {
    ("autoscaling/v2beta2", "HorizontalPodAutoscaler"): "v2",
    ("extensions/v1beta1", "Ingress"): "networking.k8s.io/v1",
    ("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema"): "v1",
    ("policy/v1beta1", "PodSecurityPolicy"): "Pod Security admission",
    ("redis.redis.opstreelabs.in/v1beta1", "RedisReplication"): "v1beta2",
}
_ENDPOINTS = kubernetes_object("v1", "Endpoints")


class TestApiVersions(RuleTests):
    table = Table(
        rule=api_versions,
        compliant={"a stack": shop(), "a kind of another group": kubernetes_object("example.com/v1beta1", "Ingress")},
        violations={
            **{
                f"{version} {kind}": (
                    kubernetes_object(version, kind),
                    f"{kind} shop/api: apiVersion {version} is not served any more; use {instead}",
                )
                for (version, kind), instead in _GONE.items()
            },
            "deprecated": (
                _ENDPOINTS,
                "Endpoints shop/api: apiVersion core/v1 is deprecated; use discovery.k8s.io/v1 EndpointSlice",
            ),
        },
        unknown={},
        also=frozenset({"autoscaler"}),
    )


def test_the_clusters_version_can_be_configured() -> None:
    assert judge(api_versions, _ENDPOINTS, config={"kubernetes": "1.32"}) == []
    old = kubernetes_object("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema")
    assert judge(api_versions, old, config={"kubernetes": "v1.29.4"}) == [
        "FlowSchema shop/api: apiVersion flowcontrol.apiserver.k8s.io/v1beta3 is deprecated; use v1"
    ]
    assert judge(api_versions, old, config={"kubernetes": "1.28"}) == []


def test_what_else_cannot_be_known_does_not_matter() -> None:
    assert len(judge(api_versions, _ENDPOINTS | {"metadata": {"name": UNKNOWN_STRING_VALUE}})) == 1
