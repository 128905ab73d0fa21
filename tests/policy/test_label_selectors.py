"""Finding the selectors that match labels."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from policy.facts.inventory import SelectorIndex, selects

_labels = st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz"), max_size=3)
_expressions = st.lists(
    st.fixed_dictionaries(
        {
            "key": st.sampled_from("abc"),
            "operator": st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist"]),
            "values": st.lists(st.sampled_from("xyz"), max_size=2),
        }
    ),
    max_size=1,
)
_selectors = st.fixed_dictionaries({}, optional={"matchLabels": _labels, "matchExpressions": _expressions})


@given(selectors=st.lists(st.none() | _selectors, max_size=6), labels=_labels)
@settings(max_examples=200, deadline=None, database=None, derandomize=True)
def test_the_index_finds_just_those_that_match_when_each_is_tried(selectors: list[Any], labels: dict[str, str]) -> None:
    index = SelectorIndex((selector, position) for position, selector in enumerate(selectors))
    tried = {position for position, selector in enumerate(selectors) if selects(selector, labels)}
    assert sorted(index.matching(labels)) == sorted(tried)
