"""The rule `namespace-baseline`."""

from __future__ import annotations

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.metadata import namespace_baseline
from tests.policy.objects import Props, having, judge, limit_range, namespace, quota, shop, without, workload
from tests.policy.stack_objects import assert_exempt, assert_undecided

_LABEL = "metadata.labels.pod-security~kubernetes~io/"
_WHERE = "Namespace shop: metadata.labels.pod-security.kubernetes.io/"


def _judge(changed: Props, **config: object) -> list[str]:
    return judge(namespace_baseline, changed, quota(), limit_range(), config=config)


def test_a_bounded_namespace_has_no_violation() -> None:
    assert judge(namespace_baseline, *shop()) == []


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        (quota(), "Namespace shop: LimitRange is missing; add one with defaults for containers that state no figures"),
        (limit_range(), "Namespace shop: ResourceQuota is missing; add one that bounds pods, CPU, memory and storage"),
    ],
)
def test_a_bound_that_is_missing_is_named(kept: Props, message: str) -> None:
    assert judge(namespace_baseline, namespace(), kept) == [message]


def test_the_bounds_of_another_namespace_do_not_count() -> None:
    assert len(judge(namespace_baseline, namespace(), quota("other"), limit_range("other"))) == 2


@pytest.mark.parametrize("mode", ["enforce", "audit", "warn"])
def test_a_label_that_is_missing_weak_or_wrong_is_named(mode: str) -> None:
    path, where, fix = f"{_LABEL}{mode}", f"{_WHERE}{mode}", "set it to restricted"
    assert _judge(without(namespace(), path)) == [f"{where} is missing; {fix}"]
    assert _judge(having(namespace(), path, "strict")) == [f"{where} is no Pod Security Standard; {fix}"]
    assert _judge(having(namespace(), path, "privileged")) == [f"{where} is privileged, weaker than baseline; {fix}"]


def test_the_weakest_standard_can_be_configured() -> None:
    baseline = having(namespace(), f"{_LABEL}enforce", "baseline")
    assert _judge(baseline) == []
    assert len(_judge(baseline, minimum="restricted")) == 1


def test_namespaces_of_kubernetes_itself_are_not_judged() -> None:
    assert judge(namespace_baseline, namespace("kube-system")) == []


def test_an_exempt_namespace_is_let_off() -> None:
    assert_exempt(namespace_baseline, "Namespace shop", namespace())


def test_a_label_that_is_not_known_yet_is_no_violation() -> None:
    unknown = having(namespace(), f"{_LABEL}enforce", UNKNOWN_STRING_VALUE)
    assert_undecided(namespace_baseline, unknown, quota(), limit_range())


def test_unrelated_objects_are_ignored() -> None:
    assert judge(namespace_baseline, workload()) == []
