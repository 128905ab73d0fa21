"""The rule `selectors-match`."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.references import selectors_match
from tests.policy.objects import Props, allow, having, judge, shop, workload
from tests.policy.stack_objects import NAME, assert_exempt, assert_undecided, made, service

_OTHER = {"matchLabels": {"app.kubernetes.io/name": "other"}}
_API = {"matchLabels": NAME}


def _missing(label: str, what: str = "pod", field: str = "spec.selector") -> str:
    return f"{label}: {field} selects no {what} of the stack; let it ask for labels that the {what}s have"


def _selecting(kind: str, selector: Any) -> Props:
    return made(kind, spec={"podSelector" if kind == "NetworkPolicy" else "selector": selector})


@pytest.mark.parametrize("kind", ["PodDisruptionBudget", "NetworkPolicy", "ServiceMonitor", "PodMonitor"])
def test_a_selector_that_matches_is_no_violation(kind: str) -> None:
    assert judge(selectors_match, *shop(), service(), _selecting(kind, _API)) == []


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("PodDisruptionBudget", _missing("PodDisruptionBudget shop/api")),
        ("NetworkPolicy", _missing("NetworkPolicy shop/api", field="spec.podSelector")),
        ("ServiceMonitor", _missing("ServiceMonitor shop/api", "Service")),
        ("PodMonitor", _missing("PodMonitor shop/api")),
    ],
)
def test_a_selector_that_matches_nothing_is_named(kind: str, message: str) -> None:
    assert judge(selectors_match, *shop(), service(), _selecting(kind, _OTHER)) == [message]


def test_a_service_that_no_pod_stands_behind_is_named() -> None:
    wrong = service(selector={"app.kubernetes.io/name": "apj"})
    assert judge(selectors_match, *shop(), wrong) == [_missing("Service shop/api")]


def test_all_labels_must_be_on_one_pod() -> None:
    web = having(workload(name="web"), "spec.template.metadata.labels", {"tier": "web"})
    both = service(selector={**NAME, "tier": "web"})
    assert judge(selectors_match, *shop(), web, both) == [_missing("Service shop/api")]


@pytest.mark.parametrize("spec", [{"selector": {}}, {"type": "ExternalName"}])
def test_a_service_without_pods_of_its_own_is_not_judged(spec: Props) -> None:
    assert judge(selectors_match, service(**{"selector": {"a": "b"}, **spec})) == []


def test_pods_of_another_namespace_do_not_count() -> None:
    elsewhere = having(service(), "metadata.namespace", "other")
    assert judge(selectors_match, *shop(), elsewhere) == [_missing("Service other/api")]


def test_a_monitor_looks_where_its_namespace_selector_says() -> None:
    monitor = having(_selecting("ServiceMonitor", _API), "metadata.namespace", "monitoring")
    there = having(monitor, "spec.namespaceSelector", {"matchNames": ["shop"]})
    everywhere = having(monitor, "spec.namespaceSelector", {"any": True})
    assert judge(selectors_match, *shop(), service(), there, everywhere) == []
    assert judge(selectors_match, *shop(), service(), monitor) == [_missing("ServiceMonitor monitoring/api", "Service")]


def test_pods_that_an_operator_makes_are_found() -> None:
    database = made("Cluster", "orders", {})
    assert judge(selectors_match, database, service(selector={"cnpg.io/cluster": "orders"})) == []


def test_pods_that_answer_for_an_ingress_are_found_where_an_authority_may_ask() -> None:
    """cert-manager makes them while it is asked by HTTP-01."""
    solvers = _selecting("NetworkPolicy", {"matchLabels": {"acme.cert-manager.io/http01-solver": "true"}})
    missing = [_missing("NetworkPolicy shop/api", field="spec.podSelector")]
    own, outside = (
        having(made("Ingress", spec={}), "metadata.annotations", {f"cert-manager.io/{key}": "name"})
        for key in ("issuer", "cluster-issuer")
    )
    assert judge(selectors_match, own, solvers) == missing
    assert judge(selectors_match, outside, solvers) == []


def test_a_policy_for_all_pods_waits_for_those_to_come() -> None:
    assert judge(selectors_match, _selecting("NetworkPolicy", {})) == []


def test_namespaces_that_a_helm_release_or_another_stack_fills_are_not_judged() -> None:
    release = {"kind": "Release", "name": "shop", "namespace": "shop", "chart": "shop"}
    assert judge(selectors_match, service(), release) == []
    assert judge(selectors_match, service(), config={"other_namespaces": ["shop"]}) == []


def test_an_exempt_object_is_let_off() -> None:
    assert_exempt(selectors_match, "Service shop/api", service())


@pytest.mark.parametrize(
    "path", ["spec.template.metadata.labels.app~kubernetes~io/name", "metadata.namespace", "spec.template.metadata"]
)
def test_a_pod_that_is_not_known_yet_may_be_the_one(path: str) -> None:
    assert_undecided(selectors_match, service(), having(workload(), path, UNKNOWN_STRING_VALUE))


def test_an_unknown_label_that_nobody_asks_for_hides_nothing() -> None:
    unknown = having(workload(), "spec.template.metadata.labels.revision", UNKNOWN_STRING_VALUE)
    assert judge(selectors_match, unknown, service()) == []


def test_unrelated_objects_are_ignored() -> None:
    assert judge(selectors_match, workload(), allow(namespace="shop")) == []
