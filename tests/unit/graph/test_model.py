"""Secrets of the graph: masked in everything that is shown, and known to what keeps them out of messages."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.model import MASK, Graph, Resource, Secret, listing, masked, revealed
from tests.unit.properties import examples
from tests.unit.recordings import planted_passwords, recorded_with_planted_passwords

KEYS = {"urn", "type", "name", "parent", "custom", "dependencies", "options", "inputs"}
plain = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=8,
)


def graph_of(**inputs: Any) -> Graph:
    return Graph("dev", (Resource(urn="urn", type="t", name="n", parent=None, custom=True, inputs=inputs),))


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@given(plain)
@examples(100)
def test_masking_and_revealing_change_nothing_that_is_no_secret(value: Any) -> None:
    """What is shown must be what is applied."""
    assert masked(value) == value
    assert revealed(value) == value


@pytest.mark.parametrize(
    "hide",
    [
        Secret,
        lambda text: {"a": [Secret(text)]},
        lambda text: Secret({"key": text}),
        lambda text: Secret([{"key": Secret(text)}]),
    ],
)
def test_a_secret_is_masked_wherever_it_is_and_revealed_whole(hide: Any) -> None:
    """The SDK marks a value, or the whole mapping that it is in."""
    value = hide("hunter2hunter2")
    for shown in (repr(value), str(value), f"{value}", json.dumps(masked(value))):
        assert "hunter2" not in shown
        assert MASK in shown
    assert "hunter2hunter2" in json.dumps(revealed(value))


def test_two_recordings_differ_where_a_secret_differs() -> None:
    """A mask that compared equal would hide that a password was exchanged."""
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")


def test_the_listing_masks_every_secret(dev: Graph) -> None:
    """`--output json` ends in logs and pull requests."""
    graph = recorded_with_planted_passwords(dev.stack)
    text = json.dumps(listing(graph))
    for password in planted_passwords(graph):
        assert password not in text
        assert base64_of(password) not in text
    assert MASK in text


def test_no_password_stands_in_the_text_form_of_a_graph(dev: Graph) -> None:
    """A graph that is printed by a failing assertion, or a traceback with its values, must tell nothing."""
    graph = recorded_with_planted_passwords(dev.stack)
    for password in planted_passwords(graph):
        assert password not in repr(graph)
        assert base64_of(password) not in repr(graph)


def test_the_listing_has_every_resource_with_the_same_keys_in_the_order_of_their_urns(graph: Graph) -> None:
    """Whoever reads the JSON must not have to ask first whether a key is there."""
    rows = listing(graph)
    assert len(rows) == len(graph)
    assert all(row.keys() == KEYS for row in rows)
    assert [row["urn"] for row in rows] == sorted(row["urn"] for row in rows)


def test_the_listing_can_be_written_as_json(graph: Graph) -> None:
    """A value of Python's own, such as a tuple's subclass or a date, would stop the preview."""
    rows = listing(graph)
    assert json.loads(json.dumps(rows)) == rows


def test_ancestors_are_the_parents_from_the_nearest_to_the_stack(dev: Graph) -> None:
    """Dependencies are inherited along them."""
    deployment = next(one for one in dev if one.type.endswith(":Deployment") and one.name == "astrbot-api-gateway")
    types = [one.type for one in dev.ancestors(deployment)]
    assert types == ["platform:application:Application", "platform:systems:AstrBot", "pulumi:pulumi:Stack"]


def test_a_resource_waits_for_what_its_components_wait_for(dev: Graph) -> None:
    """The namespace is a dependency of the component, and the pod needs it."""
    deployment = next(one for one in dev if one.type.endswith(":Deployment") and one.name == "astrbot-api-gateway")
    kinds = {dev.by_urn[urn].object_name[0] for urn in dev.all_dependencies(deployment)}
    assert {"Namespace", "ResourceQuota", "NetworkPolicy", "Secret", "ConfigMap", "Cluster", "Redis"} <= kinds
