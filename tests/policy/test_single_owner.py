"""The rule `single-owner`."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.metadata import single_owner
from tests.policy.objects import Props, having, judge, shop
from tests.policy.stack_objects import assert_exempt, assert_undecided, made, service

_CONFIG = made("ConfigMap", "settings", data={})
_TOKEN = "kubernetes:core/v1:ConfigMap"


def _owned(label: str, field: str = "the object", token: str = _TOKEN) -> str:
    problem = f"is owned by resource ({token}) too; keep one of the two, and let the other refer to it by name"
    return f"{label}: {field} {problem}"


def _release(**names: Any) -> Props:
    return {"kind": "Release", "name": "chart", "namespace": "shop", "resourceNames": names}


def test_objects_that_differ_in_kind_namespace_or_name_have_no_violation() -> None:
    others = [having(_CONFIG, "metadata.name", "other"), having(_CONFIG, "metadata.namespace", "other")]
    assert judge(single_owner, *shop(), _CONFIG, *others, made("Secret", "settings")) == []


def test_an_object_that_is_registered_twice_is_named() -> None:
    assert judge(single_owner, _CONFIG, _CONFIG) == [_owned("ConfigMap shop/settings")]


def test_a_patch_of_an_object_of_the_stack_is_named() -> None:
    patch = made("ConfigMapPatch", "settings", data={})
    message = _owned("ConfigMapPatch shop/settings", "ConfigMap shop/settings")
    assert judge(single_owner, _CONFIG, patch) == [message]


@pytest.mark.parametrize("key", ["Service/v1", "Service./v1"])
def test_an_object_that_a_helm_release_makes_too_is_named(key: str) -> None:
    message = _owned("Service shop/api", token="kubernetes:helm.sh/v3:Release")
    assert judge(single_owner, _release(**{key: ["shop/api"]}), service()) == [message]


def test_an_object_of_a_group_that_a_helm_release_makes_too_is_named() -> None:
    release = _release(**{"Deployment.apps/apps/v1": ["shop/api"]})
    assert len(judge(single_owner, *shop(), release)) == 1


def test_what_is_shared_on_purpose_can_be_listed() -> None:
    assert judge(single_owner, _CONFIG, _CONFIG, config={"shared": ["ConfigMap shop/settings"]}) == []


def test_an_exempt_object_is_let_off() -> None:
    assert_exempt(single_owner, "ConfigMap shop/settings", _CONFIG, _CONFIG)


def test_a_name_that_is_not_known_yet_is_no_violation() -> None:
    assert_undecided(single_owner, _CONFIG, having(_CONFIG, "metadata.name", UNKNOWN_STRING_VALUE))


def test_unrelated_objects_are_ignored() -> None:
    assert judge(single_owner, *shop()) == []
