"""Manifests: in waves that follow the dependencies, one file an object, the same bytes every time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from components.platform.operators.table import OPERATORS
from graph.manifests import Manifest, as_yaml, manifests
from graph.model import Graph, Resource, Secret
from tests.unit.properties import examples


def config_map(number: int, needs: Sequence[int], parent: str | None = None) -> Resource:
    return Resource(
        urn=f"urn:{number}",
        type="kubernetes:core/v1:ConfigMap",
        name=f"object-{number}",
        parent=parent,
        custom=True,
        dependencies=tuple(f"urn:{one}" for one in needs),
        inputs={
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"object-{number}", "namespace": "shop"},
        },
    )


def password(number: int, needs: Sequence[int]) -> Resource:
    """Something that is no object of the cluster, between two that are."""
    return Resource(
        urn=f"urn:{number}",
        type="random:index/randomPassword:RandomPassword",
        name=f"password-{number}",
        parent=None,
        custom=True,
        dependencies=tuple(f"urn:{one}" for one in needs),
    )


def component(number: int, needs: Sequence[int]) -> Resource:
    return Resource(
        urn=f"component:{number}",
        type="platform:test:Component",
        name=f"component-{number}",
        parent=None,
        custom=False,
        dependencies=tuple(f"urn:{one}" for one in needs),
    )


@st.composite
def acyclic(draw: st.DrawFn) -> Graph:
    """Any graph in which resources depend on earlier ones: objects, other resources, and components around some."""
    resources: list[Resource] = []
    urns: list[int] = []
    for number in range(draw(st.integers(1, 25))):
        needs = draw(st.lists(st.sampled_from(urns), max_size=4, unique=True)) if urns else []
        shape = draw(st.sampled_from(["object", "object", "object", "other", "inside a component"]))
        if shape == "other":
            resources.append(password(number, needs))
        elif shape == "object":
            resources.append(config_map(number, needs))
        else:
            # The component has the dependencies; its child has none of its own.
            resources += [component(number, needs), config_map(number, [], f"component:{number}")]
        urns.append(number)
    order = draw(st.permutations(resources))
    return Graph("dev", tuple(order))


def needed(graph: Graph, resource: Resource) -> set[str]:
    """Everything that a resource needs, directly or through others: the test's own walk, not the graph's."""
    found: set[str] = set()
    waiting = [resource]
    while waiting:
        one = waiting.pop()
        urns = set(one.dependencies)
        if one.parent is not None:
            urns |= set(graph.by_urn[one.parent].dependencies)
        for urn in urns - found:
            found.add(urn)
            waiting.append(graph.by_urn[urn])
    return found


@given(acyclic())
@examples(80)
def test_an_object_comes_in_a_later_wave_than_everything_that_it_needs(graph: Graph) -> None:
    """A Deployment before its Secret fails, or worse: starts with the old one."""
    wave = {manifest.urn: manifest.wave for manifest in manifests(graph)}
    for urn, mine in wave.items():
        for need in needed(graph, graph.by_urn[urn]) & wave.keys():
            assert wave[need] < mine, f"{urn} (wave {mine}) needs {need} (wave {wave[need]})"


@given(acyclic())
@examples(50)
def test_waves_are_counted_from_zero_without_a_gap_and_every_object_is_in_one(graph: Graph) -> None:
    """An object that is in none is never applied."""
    rendered = manifests(graph)
    assert {manifest.urn for manifest in rendered} == {one.urn for one in graph if one.is_kubernetes_object}
    waves = [manifest.wave for manifest in rendered]
    assert waves == sorted(waves)
    assert sorted(set(waves)) == list(range(len(set(waves))))


@given(acyclic())
@examples(30)
def test_manifests_do_not_depend_on_the_order_of_registration(graph: Graph) -> None:
    """The SDK registers concurrently: a file that moved with the order would show as a change in Git."""
    backwards = Graph(graph.stack, tuple(reversed(graph.resources)))
    assert manifests(backwards) == manifests(graph)


def test_a_chain_of_five_hundred_objects_is_rendered() -> None:
    """The SDK itself can go twice as deep: rendering must not be what ends in a RecursionError."""
    chain = [config_map(number, [number - 1] if number else []) for number in range(500)]
    assert manifests(Graph("dev", tuple(reversed(chain))))[-1].wave == 499


def test_waves_of_an_environment_start_with_the_namespace_and_end_with_the_services(graph: Graph) -> None:
    """On the recorded environments themselves."""
    rendered = manifests(graph)
    wave = {manifest.title: manifest.wave for manifest in rendered}
    first = {manifest.title for manifest in rendered if manifest.wave == 0}
    assert "Namespace astrbot" in first
    # The operators' namespaces are there before, with their operators.
    before = {one.namespace for one in OPERATORS.values()}
    assert {manifest.namespace for manifest in rendered if manifest.wave == 0} - before == {""}, (
        "before their namespace"
    )
    assert wave["ResourceQuota astrbot/quota"] < wave["Cluster astrbot/postgresql-cluster"]
    assert wave["NetworkPolicy astrbot/default-deny"] < wave["Cluster astrbot/postgresql-cluster"], "pods before it"
    assert wave["ConfigMap astrbot/saas-platform-config"] < wave["Deployment astrbot/api-gateway"]
    assert wave["Cluster astrbot/postgresql-cluster"] < wave["Deployment astrbot/api-gateway"]


def test_an_object_without_a_name_is_refused_with_its_urn() -> None:
    """Pulumi would make up a name, and the manifest would have another."""
    nameless = Resource(
        urn="urn:nameless",
        type="kubernetes:core/v1:ConfigMap",
        name="x",
        parent=None,
        custom=True,
        inputs={"kind": "ConfigMap"},
    )
    with pytest.raises(ValueError, match=r"urn:nameless: has no metadata\.name"):
        manifests(Graph("dev", (nameless,)))


@pytest.mark.parametrize("option", ["protect", "retain_on_delete"])
def test_a_protected_object_is_marked_as_one_to_keep(option: str) -> None:
    """Pruning must pass it by."""
    resource = config_map(1, [])
    kept = Resource(**{**resource.__dict__, "options": {option: True}})
    assert [one.retained for one in manifests(Graph("dev", (kept,)))] == [True]
    assert [one.retained for one in manifests(Graph("dev", (resource,)))] == [False]


@pytest.mark.parametrize(
    ("options", "kept"), [({"protect": True}, True), ({"retain_on_delete": True}, True), ({}, False)]
)
def test_a_release_that_is_kept_is_not_removed_with_its_application(options: dict[str, bool], kept: bool) -> None:
    """Argo CD removes what an Application with the finalizer has deployed."""
    chart = {"chart": "c", "version": "1.0.0", "repositoryOpts": {"repo": "https://charts.example.com"}}
    release = Resource(
        urn="urn:release",
        type="kubernetes:helm.sh/v3:Release",
        name="r",
        parent=None,
        custom=True,
        options=options,
        inputs={"name": "r", "namespace": "shop", **chart},
    )
    (made,) = manifests(Graph("dev", (release,)), applications=True)
    assert made.retained is kept
    assert ("finalizers" not in made.body["metadata"]) is kept


def manifest(body: dict[str, Any]) -> Manifest:
    return Manifest("urn", body["kind"], "shop", "x", 0, False, body)


def test_a_file_starts_as_every_manifest_does_and_is_else_sorted() -> None:
    """The order in which a dict was filled must not show in the file."""
    body = {
        "spec": {"b": 1, "a": [{"d": 1, "c": 2}]},
        "kind": "K",
        "apiVersion": "v1",
        "metadata": {"z": 1, "name": "x"},
    }
    reordered = dict(reversed(body.items()))
    text = as_yaml(manifest(body))
    assert text == as_yaml(manifest(reordered))
    assert list(yaml.safe_load(text)) == ["apiVersion", "kind", "metadata", "spec"]
    assert text.index("a:") < text.index("b:")


@pytest.mark.parametrize(
    "value", ["1.0", "true", "no", "010", "null", "", "1e3", "2026-01-01", "ä: #", "a\nb", "x" * 300]
)
def test_a_text_stays_a_text_in_the_file(value: str) -> None:
    """`"1.0"` written without quotes comes back as a number, and the API refuses it."""
    body = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"key": value}}
    assert yaml.safe_load(as_yaml(manifest(body)))["data"]["key"] == value


@pytest.mark.parametrize(
    ("data", "holds"),
    [({"a": "b"}, False), ({"a": Secret("b")}, True), (Secret({"a": "b"}), True), ([{"a": [Secret("b")]}], True)],
)
def test_an_object_with_a_secret_anywhere_is_known_as_one(data: Any, holds: bool) -> None:
    """It must not be written to a file."""
    assert manifest({"kind": "Secret", "data": data}).holds_secret is holds


def test_files_of_objects_of_two_groups_with_one_kind_do_not_overwrite_each_other(graph: Graph) -> None:
    """PostgreSQL's Cluster is not the only kind of that name."""
    names = [manifest.file_name for manifest in manifests(graph)]
    assert len(names) == len(set(names))
    assert "astrbot/cluster.postgresql-postgresql-cluster.yaml" in names
    assert "_cluster/namespace-astrbot.yaml" in names
