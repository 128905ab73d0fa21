"""The rule `targets-exist`."""

from __future__ import annotations

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.references import targets_exist
from tests.policy.objects import Props, having, judge, shop, workload
from tests.policy.stack_objects import assert_exempt, assert_undecided, autoscaler, made, service


def _ingress(backend: str = "api") -> Props:
    paths = [{"path": "/", "backend": {"service": {"name": backend}}}]
    return made("Ingress", spec={"rules": [{"host": "a.example", "http": {"paths": paths}}]})


def _route(backend: Props) -> Props:
    return made("HTTPRoute", spec={"rules": [{"backendRefs": [backend]}]})


def _canary(**references: str) -> Props:
    kinds = {"targetRef": ("apps/v1", "Deployment"), "autoscalerRef": ("autoscaling/v2", "HorizontalPodAutoscaler")}
    return made(
        "Canary",
        spec={
            field: {"apiVersion": kinds[field][0], "kind": kinds[field][1], "name": name}
            for field, name in references.items()
        },
    )


def _missing(label: str, field: str, kind: str, name: str = "gone") -> str:
    return (
        f"{label}: {field} names {kind} '{name}', which the stack does not have in namespace shop; "
        f"name a {kind} that is there"
    )


def test_what_points_to_objects_that_are_there_has_no_violation() -> None:
    pointing = [autoscaler(), _ingress(), _route({"name": "api"}), _canary(targetRef="api", autoscalerRef="api")]
    vertical = autoscaler(kind="VerticalPodAutoscaler", name="vertical")
    assert judge(targets_exist, *shop(), service(), *pointing, vertical) == []


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("HorizontalPodAutoscaler", "spec.scaleTargetRef"),
        ("VerticalPodAutoscaler", "spec.targetRef"),
        ("ScaledObject", "spec.scaleTargetRef"),
    ],
)
def test_an_autoscaler_of_nothing_is_named(kind: str, field: str) -> None:
    message = _missing(f"{kind} shop/api", field, "Deployment")
    assert judge(targets_exist, *shop(), autoscaler(kind=kind, target="gone")) == [message]


def test_a_scaled_object_means_a_deployment_unless_it_says_otherwise() -> None:
    scaled = made("ScaledObject", spec={"scaleTargetRef": {"name": "api"}})
    assert judge(targets_exist, *shop(), scaled) == []


def test_a_canary_of_nothing_is_named_with_each_reference() -> None:
    canary = _canary(targetRef="gone", autoscalerRef="gone")
    assert judge(targets_exist, *shop(), canary) == [
        _missing("Canary shop/api", "spec.targetRef", "Deployment"),
        _missing("Canary shop/api", "spec.autoscalerRef", "HorizontalPodAutoscaler"),
    ]


def test_a_target_of_another_kind_or_namespace_is_another_object() -> None:
    other_kind = having(autoscaler(), "spec.scaleTargetRef.kind", "StatefulSet")
    message = _missing("HorizontalPodAutoscaler shop/api", "spec.scaleTargetRef", "StatefulSet", "api")
    assert judge(targets_exist, workload(), other_kind) == [message]
    assert len(judge(targets_exist, workload(namespace="other"), autoscaler())) == 1


@pytest.mark.parametrize(
    ("route", "field"),
    [
        (_ingress("gone"), "spec.rules[0].http.paths[0].backend"),
        (_route({"name": "gone"}), "spec.rules[0].backendRefs[0]"),
        (made("StatefulSet", spec={"serviceName": "gone"}), "spec.serviceName"),
    ],
)
def test_a_service_that_is_not_there_is_named(route: Props, field: str) -> None:
    assert judge(targets_exist, service(), route) == [_missing(f"{route['kind']} shop/api", field, "Service")]


def test_services_that_operators_make_are_there() -> None:
    assert judge(targets_exist, made("Cluster", "db", {}), _ingress("db-rw")) == []
    assert judge(targets_exist, _canary(), _route({"name": "api-primary"})) == []


def test_backends_that_are_no_services_are_not_judged() -> None:
    assert judge(targets_exist, _route({"kind": "Bucket", "name": "gone"})) == []


def test_namespaces_that_another_stack_fills_are_not_judged() -> None:
    assert judge(targets_exist, _ingress("gone"), config={"other_namespaces": ["shop"]}) == []


def test_an_exempt_object_is_let_off() -> None:
    assert_exempt(targets_exist, "HorizontalPodAutoscaler shop/api", autoscaler(target="gone"))


def test_an_object_whose_name_is_not_known_yet_may_be_the_one() -> None:
    assert_undecided(targets_exist, autoscaler(), having(workload(), "metadata.name", UNKNOWN_STRING_VALUE))
    assert_undecided(targets_exist, having(autoscaler(), "spec.scaleTargetRef.name", UNKNOWN_STRING_VALUE))


def test_unrelated_objects_are_ignored() -> None:
    assert judge(targets_exist, *shop()) == []
