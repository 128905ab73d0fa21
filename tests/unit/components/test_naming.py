"""Names and labels: what the API accepts, and selectors that outlive an upgrade."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.kubernetes.naming import Scope, dns_label
from tests.unit.properties import examples

SCOPE = Scope(namespace="shop", system="shop", environment="dev")
labels = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True)


@given(labels)
@examples(50)
def test_a_well_formed_name_is_taken_as_it_is(name: str) -> None:
    """A name that is changed on the way cannot be found again."""
    assert dns_label(name) == name


@given(st.text(max_size=70))
@examples(100)
def test_any_other_name_is_refused_with_a_value_error(name: str) -> None:
    """Neither a silent repair nor another exception: the configuration turns ValueError into a report."""
    if re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", name):
        return
    with pytest.raises(ValueError, match=r"characters|not a valid name"):
        dns_label(name)


@pytest.mark.parametrize("name", ["a" * 64, "A", "a_b", "-a", "a-", "", "a.b", "a\n", "ä"])
def test_the_usual_mistakes_are_refused(name: str) -> None:
    """64 characters, capitals, underscores, dots, a dash at the end, a line break."""
    with pytest.raises(ValueError, match=re.escape(repr(name))):
        dns_label(name)


@given(labels, st.one_of(st.none(), labels), st.one_of(st.none(), st.sampled_from(["1.0.0", "2"])))
@examples(50)
def test_a_selector_is_part_of_the_labels_and_the_same_for_every_version(
    component: str, instance: str | None, version: str | None
) -> None:
    """A selector that an upgrade changes is refused by the API; one beside the labels selects nothing."""
    selector = SCOPE.selector(component, instance)
    assert selector.items() <= SCOPE.labels(component, instance, version).items()
    assert version is None or version not in selector.values() or version in (component, instance)


def test_two_instances_of_a_component_have_selectors_that_exclude_each_other() -> None:
    """Otherwise one tenant's Deployment would take over another tenant's pods."""
    assert SCOPE.selector("bot", "acme")["app.kubernetes.io/instance"] == "acme"
    assert not SCOPE.selector("bot", "acme").items() <= SCOPE.labels("bot", "globex").items()


def test_metadata_puts_an_object_where_its_labels_say_it_belongs() -> None:
    """An object is found again by its component's labels, whatever it is called itself."""
    assert SCOPE.metadata("api") == {"name": "api", "namespace": "shop", "labels": SCOPE.labels("api")}
    other = SCOPE.metadata("api", "api-tls", annotations={"a": "b"})
    assert other == SCOPE.metadata("api") | {"name": "api-tls", "annotations": {"a": "b"}}


def test_a_host_is_the_name_of_a_service_inside_the_cluster() -> None:
    """Without the namespace, a host resolves only for pods beside it."""
    assert SCOPE.host("api") == "api.shop.svc.cluster.local"
