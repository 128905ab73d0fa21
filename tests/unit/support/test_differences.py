"""Objects as differences from others: nothing is lost, and what is the same in all is said once."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.differences import EVERYWHERE, Objects, applied, difference, exactly, read, written
from tests.unit.properties import examples

SIDES = ("prod", "dev")
# Few texts, so that two values often have parts in common, and such as paths and YAML are written with.
_TEXTS = st.sampled_from(
    ["a", "b", "name", "+1", "0", "", "a.b/c", "[0]", "[name=a]", '"', "\\", "é: #", "null", "prod", "\n x"]
)
_SINGLE = (
    st.none()
    | st.booleans()
    | st.integers(0, 2)
    | st.sampled_from([0.0, 1.0, 1.5])
    | _TEXTS
    | st.text("aA0 .:#'\"[]{}-&*!|>%@`\\\n\t\x85\u2028é\x07😀", max_size=4)
)
_VALUES = st.recursive(
    _SINGLE,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(_TEXTS, inner, max_size=4)
        # As containers and their variables are.
        | st.lists(st.builds(lambda name, value: {"name": name, "value": value}, _TEXTS, inner), max_size=4)
    ),
    max_leaves=12,
)
_OBJECTS = st.dictionaries(st.sampled_from(["Job a/a", "Job a/b", "Service a/a"]), _VALUES, max_size=3)


@examples(300)
@given(_OBJECTS, _OBJECTS)
@example({"A": {"x": 1, "y": [1]}, "B": {"x": 1}}, {"A": {"x": True, "y": [1.0]}, "B": {"x": True}})
@example({"A": [{"name": "a"}, {"name": "b"}]}, {"A": [{"name": "b"}, {"name": "c"}, {"name": "a"}]})
def test_a_difference_as_it_is_written_gives_the_other_back(one: Objects, other: Objects) -> None:
    before = exactly(one)
    document = read(written(difference(one, other, SIDES), "Objects"))
    assert exactly(applied(one, document, SIDES)) == exactly(other)
    assert exactly(one) == before, "the first side was changed in its place"


@examples(50)
@given(_OBJECTS)
def test_the_same_has_no_difference(objects: Objects) -> None:
    assert difference(objects, objects, SIDES) == {}


@examples(50)
@given(_OBJECTS, _OBJECTS)
def test_a_difference_is_written_the_same_whatever_order_keys_have(one: Objects, other: Objects) -> None:
    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: turned(value[key]) for key in reversed(value)}
        return [turned(item) for item in value] if isinstance(value, list) else value

    of_turned = written(difference(turned(one), turned(other), SIDES), "Objects")
    assert of_turned == written(difference(one, other, SIDES), "Objects")


def test_what_differs_in_the_same_way_everywhere_is_said_once() -> None:
    def labelled(tier: str, **replicas: int) -> dict[str, Any]:
        return {name: {"labels": {"platform.io/tier": tier}, "spec": {"replicas": n}} for name, n in replicas.items()}

    found = difference(labelled("prod", web=3, api=3), labelled("dev", web=1, api=3), SIDES)
    assert found == {
        EVERYWHERE: {'labels["platform.io/tier"]': [{"prod": "prod", "dev": "dev"}]},
        "objects": {"web": {"spec.replicas": {"prod": 3, "dev": 1}}},
    }


def test_an_item_that_is_added_leaves_the_others_as_they_are() -> None:
    def pod(**variables: str) -> dict[str, Any]:
        return {
            "Pod a/a": {"env": [{"name": name, "value": value} for name, value in variables.items()], "args": ["x"]}
        }

    found = difference(pod(A="1", C="3"), pod(A="1", B="2", C="4"), SIDES)
    assert found["objects"]["Pod a/a"] == {
        "env[+1]": {"dev": {"name": "B", "value": "2"}},
        "env[name=C].value": {"prod": "3", "dev": "4"},
    }
