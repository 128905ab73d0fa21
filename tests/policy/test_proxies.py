"""The pack's own proxies beside those of the SDK."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi_policy import proxy

from policy.engine.proxies import proxied

_SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
_UNKNOWN = st.sampled_from([proxy.UNKNOWN_STRING_VALUE, proxy.UNKNOWN_ARRAY_VALUE, proxy.UNKNOWN_NUMBER_VALUE])
_VALUES = st.recursive(
    _SCALARS | _UNKNOWN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
)


def _seen(value: Any) -> Any:
    """All that a rule can see of a value, unknown places with what the engine would say of them."""
    if isinstance(value, Mapping):
        return "mapping", len(value), [(key, _attempt(value, key)) for key in value]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "sequence", len(value), [_attempt(value, index) for index in range(len(value))]
    return value


def _attempt(value: Any, key: Any) -> Any:
    try:
        return _seen(value[key])
    except proxy.UnknownValueError as error:
        return "unknown", error.message


@given(values=st.dictionaries(st.text(max_size=3), _VALUES, max_size=4))
@settings(max_examples=200, deadline=None, database=None, derandomize=True)
def test_rules_see_through_both_the_same(values: dict[str, Any]) -> None:
    assert _seen(proxied(values)) == _seen(proxy.unknown_checking_proxy(values))


@pytest.mark.parametrize("make", [proxied, proxy.unknown_checking_proxy])
def test_looking_for_a_key_whose_value_is_unknown_raises(make: Callable[[dict[str, Any]], Any]) -> None:
    values = make({"a": {"b": [proxy.UNKNOWN_STRING_VALUE]}, "c": proxy.UNKNOWN_STRING_VALUE})
    for touch in (
        lambda: "c" in values,
        lambda: values.get("c"),
        lambda: list(values.items()),
        lambda: list(values["a"]["b"]),
    ):
        with pytest.raises(proxy.UnknownValueError):
            touch()
    assert values.get("d") is None
    assert values.get("d", 1) == 1
    with pytest.raises(KeyError):
        values["d"]


def test_neither_is_a_dict_or_a_list() -> None:
    values = proxied({"a": {}, "b": [1, 2, 3]})
    assert not isinstance(values["a"], dict)
    assert not isinstance(values["b"], list)
    assert values["b"][-1] == 3
    assert list(values["b"][1:]) == [2, 3]
