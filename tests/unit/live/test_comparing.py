"""Live objects against what was applied: what the API server writes in its own way is the same, all else is drift."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.live.comparing import ABSENT, differences, dotted

_KEYS = st.sampled_from(["name", "spec", "ports", "containers", "rules", "data"])
_SCALARS = st.one_of(st.booleans(), st.integers(1, 9), st.sampled_from(["a", "500m", "2Gi", "http"]))
_VALUES = st.recursive(
    _SCALARS, lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(_KEYS, below, max_size=3))
)


def texts(wanted: Any, found: Any, *ignored: str) -> list[str]:
    return [dotted(one.path) for one in differences(wanted, found, ignored)]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"cpu": "2000m"}, {"cpu": "2"}),
        ({"cpu": "0.5"}, {"cpu": "500m"}),
        ({"memory": "1Gi"}, {"memory": "1024Mi"}),
        ({"port": 8000}, {"port": "8000"}),
        ({"egress": [], "labels": {}, "hostNetwork": False}, {}),
        ({"a": 1}, {"a": 1, "defaulted": True}),
        (
            {"containers": [{"name": "app", "image": "x"}]},
            {"containers": [{"name": "injected"}, {"name": "app", "image": "x"}]},
        ),
        ({"ports": [{"port": 80}]}, {"ports": [{"port": 80, "protocol": "TCP"}]}),
    ],
)
def test_what_the_api_server_writes_in_its_own_way_is_the_same(wanted: Any, found: Any) -> None:
    """A difference that is none would be put back at every run, for ever."""
    assert texts(wanted, found) == []


@pytest.mark.parametrize(
    ("wanted", "found", "path"),
    [
        ({"spec": {"replicas": 2}}, {"spec": {"replicas": 3}}, "spec.replicas"),
        ({"spec": {"egress": [{"to": []}]}}, {"spec": {"egress": [{"to": []}, {}]}}, "spec.egress"),
        ({"rules": [{"verbs": ["get"]}]}, {"rules": [{"verbs": ["*"]}]}, "rules[0].verbs[0]"),
        ({"containers": [{"name": "app", "image": "x"}]}, {"containers": [{"name": "app", "image": "y"}]}, None),
        ({"env": [{"name": "A", "value": "1"}]}, {"env": [{"name": "B", "value": "1"}]}, "env[1]"),
        ({"data": {"a": "true"}}, {"data": {"a": "false"}}, "data.a"),
        ({"hostNetwork": True}, {}, "hostNetwork"),
        ({"privileged": True}, {"privileged": False}, "privileged"),
        ({"data": {"a": "text"}}, {}, "data"),
        ({"cpu": "2"}, {"cpu": "200m"}, "cpu"),
    ],
)
def test_a_declared_value_that_is_another_is_found_where_it_is(wanted: Any, found: Any, path: str | None) -> None:
    assert texts(wanted, found) == [path or "containers[0].image"]


def test_fields_of_others_are_left_aside_with_all_below_them() -> None:
    """A rollout's weights are the release controller's."""
    wanted, found = (
        {"spec": {"http": [{"weight": 1}], "hosts": ["a"]}},
        {"spec": {"http": [{"weight": 9}], "hosts": ["b"]}},
    )
    assert texts(wanted, found, "spec.http") == ["spec.hosts[0]"]


@given(value=_VALUES)
def test_an_object_as_it_was_applied_never_differs(value: Any) -> None:
    assert texts(value, copy.deepcopy(value)) == []


@given(value=st.dictionaries(_KEYS, _VALUES, max_size=3))
def test_what_a_live_object_has_beyond_is_no_difference(value: dict[str, Any]) -> None:
    """Defaults and status are nobody's drift; what people add is found by its writer, in `undeclared`."""
    assert texts(value, {**copy.deepcopy(value), "status": {"replicas": 1}}) == []


def test_a_missing_value_says_so_in_words() -> None:
    (one,) = differences({"spec": {"a": "x"}}, {"spec": {}})
    assert one.found is ABSENT
    assert str(one) == "spec.a: nothing instead of 'x'"
