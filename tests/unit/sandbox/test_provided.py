"""What the sandbox has besides kinds and nodes: all that environments want of a cluster, and nothing of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from components.platform.operators.table import OPERATORS
from ops.preflight import named, namespaces
from sandbox import provided, storage
from tests.unit.definitions import ABSENT, FOLDER, schema

if TYPE_CHECKING:
    from graph.model import Graph

# In every cluster from its beginning.
FROM_THE_BEGINNING = {"default", "kube-system", "kube-public", "kube-node-lease"}
MADE = {(one["kind"], one["metadata"]["name"]) for one in (*provided.built_in(), *provided.custom())}
MADE |= {("StorageClass", name) for name in storage.CLASSES} | {("StorageClass", "")}


def test_every_environment_finds_the_objects_and_namespaces_that_it_names(graph: Graph) -> None:
    """`make up` on the sandbox would be refused before its first object."""
    assert {(one.kind, one.name) for one in named.needs(graph)} <= MADE
    placed, mentioned = namespaces.uses(graph)
    assert (placed.keys() | mentioned.keys()) - FROM_THE_BEGINNING <= set(provided.namespaces())


def test_every_operator_has_its_namespace() -> None:
    """A new row of the table would be looked for in vain."""
    assert {one.namespace for one in OPERATORS.values()} - FROM_THE_BEGINNING <= set(provided.namespaces())


def test_nothing_of_it_belongs_to_an_environment(graph: Graph) -> None:
    """`make down` would remove it, and the next `make up` of another environment would miss it."""
    assert MADE & {(body["kind"], body["metadata"]["name"]) for body in graph.objects} == set()


@pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT)
@pytest.mark.parametrize("body", provided.custom(), ids=lambda body: f"{body['kind']}-{body['metadata']['name']}")
def test_real_definitions_accept_what_is_made_of_custom_kinds(body: dict[str, object]) -> None:
    """`up --crds` would fail at its own objects."""
    jsonschema = pytest.importorskip("jsonschema")
    group, _, version = str(body["apiVersion"]).rpartition("/")
    jsonschema.validate(body, schema(group, version, str(body["kind"])))
