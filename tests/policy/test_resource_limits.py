"""The rule `resource-limits`."""

from __future__ import annotations

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError

from policy.rules.resources import resource_limits
from tests.policy.objects import WORKLOAD_KINDS, having, judge, template_path, without, workload

_WEB = "spec.template.spec.containers.0"
_MIGRATE = "spec.template.spec.initContainers.0"
_REQUEST = "set it to what the container needs at rest, which is what the scheduler reserves"
_LIMIT = "set it to the most that the container may use before others on its node suffer"


@pytest.mark.parametrize("kind", WORKLOAD_KINDS)
def test_a_workload_that_states_everything_has_no_violation(kind: str) -> None:
    assert judge(resource_limits, workload(kind)) == []


@pytest.mark.parametrize("kind", WORKLOAD_KINDS)
def test_the_containers_of_every_kind_of_workload_are_found(kind: str) -> None:
    changed = without(workload(kind), f"{template_path(kind)}spec.containers.0.resources")
    assert len(judge(resource_limits, changed)) == 6


@pytest.mark.parametrize("resource", ["cpu", "memory", "ephemeral-storage"])
@pytest.mark.parametrize(("bound", "fix"), [("requests", _REQUEST), ("limits", _LIMIT)])
@pytest.mark.parametrize(("path", "container"), [(_WEB, "container web"), (_MIGRATE, "init container migrate")])
def test_each_missing_bound_is_named_with_its_container(
    resource: str, bound: str, fix: str, path: str, container: str
) -> None:
    changed = without(workload(), f"{path}.resources.{bound}.{resource}")
    message = f"Deployment shop/api, {container}: resources.{bound}.{resource} is missing; {fix}"
    assert judge(resource_limits, changed) == [message]


@pytest.mark.parametrize("zero", ["0", 0, 0.0, "0m", "0Gi", "0.0", ".0", "0e3"])
def test_a_bound_of_nothing_bounds_nothing(zero: object) -> None:
    changed = having(workload(), f"{_WEB}.resources.limits.memory", zero)
    message = f"Deployment shop/api, container web: resources.limits.memory is zero; {_LIMIT}"
    assert judge(resource_limits, changed) == [message]


@pytest.mark.parametrize("quantity", ["500m", "0.5", 2, 0.1, "10Gi", "1e3"])
def test_small_and_scaled_quantities_are_not_taken_for_zero(quantity: object) -> None:
    assert judge(resource_limits, having(workload(), f"{_WEB}.resources.limits.cpu", quantity)) == []


def test_a_bound_that_a_secret_hides_counts_as_stated() -> None:
    assert judge(resource_limits, having(workload(), f"{_WEB}.resources.limits.cpu", "[secret]")) == []


def test_what_is_required_can_be_configured() -> None:
    # Teams that do not limit CPU, so as not to throttle.
    changed = without(workload(), f"{_WEB}.resources.limits.cpu")
    assert judge(resource_limits, changed, config={"limits": ["memory"]}) == []


def test_an_object_without_containers_is_none_of_its_business() -> None:
    service = {"kind": "Deployment", "metadata": {"name": "api"}, "spec": {"containers": [{"name": "web"}]}}
    assert judge(resource_limits, service, token="kubernetes:core/v1:Service") == []
    assert judge(resource_limits, service, token="aws:s3/bucket:Bucket") == []


def test_an_unknown_bound_reaches_the_engine_as_unknown() -> None:
    with pytest.raises(UnknownValueError):
        judge(resource_limits, having(workload(), f"{_WEB}.resources.limits.cpu", UNKNOWN_STRING_VALUE))


def test_an_unknown_value_elsewhere_hides_no_violation() -> None:
    changed = having(workload(), f"{_WEB}.image", UNKNOWN_STRING_VALUE)
    changed = having(changed, "metadata.name", UNKNOWN_STRING_VALUE)
    message = f"Deployment shop/resource, container web: resources.limits.cpu is missing; {_LIMIT}"
    assert judge(resource_limits, without(changed, f"{_WEB}.resources.limits.cpu")) == [message]


def test_a_container_without_a_name_is_named_by_its_place() -> None:
    changed = without(without(workload(), f"{_WEB}.name"), f"{_WEB}.resources.limits.cpu")
    message = f"Deployment shop/api, container #1: resources.limits.cpu is missing; {_LIMIT}"
    assert judge(resource_limits, changed) == [message]
