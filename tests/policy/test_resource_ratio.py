"""The rule `resource-ratio`."""

from __future__ import annotations

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.facts.values import quantity
from policy.rules.resources import resource_ratio
from tests.policy.objects import Props, judge, workload
from tests.policy.rule_tests import RuleTests, Table, in_container, kubernetes_object

_FIX = "raise the request or lower the limit"
_REQUESTS = {"cpu": "100m", "memory": "128Mi", "ephemeral-storage": "256Mi"}
_LIMITS = {"cpu": "800m", "memory": "512Mi", "ephemeral-storage": "1Gi"}


def _resources(**limits: object) -> Props:
    return {"requests": _REQUESTS, "limits": _LIMITS | {key.replace("_", "-"): one for key, one in limits.items()}}


class TestResourceRatio(RuleTests):
    table = Table(
        rule=resource_ratio,
        compliant={
            "within": workload(),
            "just within": in_container("container", "resources", _resources()),
            "what is missing is for another rule": in_container("container", "resources", {"limits": {"cpu": 4}}),
            "a secret": in_container("container", "resources", _resources(cpu="[secret]")),
        },
        violations={
            **{
                f"{role}: {name}": (
                    in_container(role, "resources", _resources(**{name.replace("-", "_"): limit})),
                    f"Deployment shop/api, {label}: resources.limits.{name} is {ratio} times the request, "
                    f"more than {most} times; {_FIX}",
                )
                for role, label in (("container", "container web"), ("init container", "init container migrate"))
                for name, limit, ratio, most in (
                    ("cpu", 1, 10, 8),
                    ("memory", "1Gi", 8, 4),
                    ("ephemeral-storage", "2Gi", 8, 4),
                )
            },
            "of an operator": (
                kubernetes_object(
                    "monitoring.coreos.com/v1", "Alertmanager", spec={"resources": _resources(memory="1Gi")}
                ),
                "Alertmanager shop/api: spec.resources.limits.memory "
                f"is 8 times the request, more than 4 times; {_FIX}",
            ),
        },
        unknown={"a limit": in_container("container", "resources", _resources(cpu=UNKNOWN_STRING_VALUE))},
    )


@pytest.mark.parametrize("part", ["kubernetesConfig", "redisExporter"])
def test_the_pods_of_an_operator_are_judged(part: str) -> None:
    spec = {part: {"resources": _resources(cpu=4)}}
    redis = kubernetes_object("redis.redis.opstreelabs.in/v1beta2", "RedisCluster", spec=spec)
    problem = "is 40 times the request, more than 8 times"
    message = f"RedisCluster shop/api: spec.{part}.resources.limits.cpu {problem}; {_FIX}"
    assert judge(resource_ratio, redis) == [message]
    assert judge(resource_ratio, redis, config={"cpu": 40}) == []


@pytest.mark.parametrize(
    ("text", "number"),
    [("500m", 0.5), ("2", 2), (2, 2), ("1Ki", 1024), ("1.5Gi", 1.5 * 2**30), ("1e3", 1000), ("1E", 1e18), (".5", 0.5)],
)
def test_quantities_are_read_as_the_api_server_reads_them(text: object, number: float) -> None:
    assert quantity(text) == pytest.approx(number)


@pytest.mark.parametrize("text", ["", "[secret]", "1 Gi", "10Gb", None, True, float("nan"), [], "1e999"])
def test_what_is_no_quantity_is_none(text: object) -> None:
    assert quantity(text) is None
