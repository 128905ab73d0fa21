"""kwok's stages: which are used, and that they are what kwok takes."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox import stages
from sandbox.custom_resources import Installed

STAGES = stages.load()
CERTIFICATES = Installed("certificates.cert-manager.io", "cert-manager.io", "Certificate", "certificates", ("v1",))


def test_only_stages_of_kinds_that_the_cluster_has_are_used() -> None:
    used = {stage["metadata"]["name"] for stage in stages.usable(STAGES, [CERTIFICATES])}
    assert "cert-manager-certificate" in used
    assert "pod-ready" in used
    assert "redis-cluster" not in used, "kwok does not start with a stage for an unknown kind"


def test_where_the_operator_itself_runs_nothing_plays_it() -> None:
    """Both would write the status of one object, and a test of the operator would pass without it."""
    used = {stage["metadata"]["name"] for stage in stages.usable(STAGES, [CERTIFICATES], {"cert-manager.io"})}
    assert "cert-manager-certificate" not in used
    assert "pod-ready" in used


def test_a_kind_that_is_served_only_in_another_version_is_not_used() -> None:
    older = Installed("certificates.cert-manager.io", "cert-manager.io", "Certificate", "certificates", ("v1alpha2",))
    used = {stage["metadata"]["name"] for stage in stages.usable(STAGES, [older])}
    assert "cert-manager-certificate" not in used


def test_the_api_description_that_kwok_reads_is_waited_for() -> None:
    usable = stages.usable(STAGES, [CERTIFICATES])
    assert stages.descriptions(usable, [CERTIFICATES]) == [
        ("/openapi/v3/apis/cert-manager.io/v1", "/certificates/{name}")
    ]


def test_no_two_stages_share_a_name() -> None:
    names = [stage["metadata"]["name"] for stage in STAGES]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize(
    "stage", [stage for stage in STAGES if not stages.built_in(stage)], ids=lambda stage: stage["metadata"]["name"]
)
def test_a_stage_of_an_operator_writes_only_a_status_and_leaves_manual_ones_alone(stage: dict[str, Any]) -> None:
    [step] = stage["spec"]["steps"]
    selector = stage["spec"]["selector"]["matchExpressions"]
    if {"key": ".metadata.deletionTimestamp", "operator": "Exists"} in selector:
        assert step.keys() == {"finalizers"}, "what is deleted is let go, and nothing else"
    else:
        assert step.keys() == {"patch"}
        assert step["patch"]["subresource"] == "status", "it would change what people declared"
    keys = [expression["key"] for expression in selector]
    assert '.metadata.annotations["sandbox.platform.io/status"]' in keys, "a test could not set a status of its own"
