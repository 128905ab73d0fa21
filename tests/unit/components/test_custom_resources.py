"""Every custom resource is what its operator's own definition allows.

Pulumi's `CustomResource` takes any mapping, and the API server drops fields that it does not know: a misspelt field is
found here or by nobody. The definitions lie beside the checkout; without them these tests are skipped. Rules in CEL
(`x-kubernetes-validations`) are the API server's alone.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from graph.model import Graph, masked
from tests.unit.definitions import ABSENT, FOLDER, definition, documents, schema, strict
from tests.unit.recordings import Body, objects, recorded, title
from versions import CUSTOM_RESOURCES, CustomResource

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=ABSENT)

BUILT_IN_GROUPS = {"", "apps", "autoscaling", "batch", "policy"}


def custom_resources(graph: Graph) -> list[Body]:
    """The objects of groups that Kubernetes itself does not have."""
    return [body for body in objects(graph) if _is_custom(body["apiVersion"])]


def _is_custom(api_version: str) -> bool:
    group = api_version.rpartition("/")[0]
    return group not in BUILT_IN_GROUPS and not group.endswith(".k8s.io")


def validator_of(body: Body) -> Draft202012Validator:
    return _validator(body["apiVersion"], body["kind"])


@cache
def _validator(api_version: str, kind: str) -> Draft202012Validator:
    group, _, version = api_version.rpartition("/")
    return Draft202012Validator(schema(group, version, kind))


def faults(body: Any, validator: Draft202012Validator) -> list[str]:
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(body)]


def test_every_custom_resource_conforms_to_its_definition(graph: Graph) -> None:
    """A field of another version, a number for a text: the operator would ignore it, or the API refuse it."""
    bodies = custom_resources(graph)
    assert {body["kind"] for body in bodies} >= {"Cluster", "Redis" if graph.stack == "dev" else "RedisCluster"}
    for body in bodies:
        assert faults(masked(body), validator_of(body)) == [], title(body)


def declared_mappings(body: Any, declared: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """The mappings of an object whose fields its schema lists."""
    if isinstance(body, dict) and "properties" in declared:
        if path:
            yield path, body
        for key, value in body.items():
            yield from declared_mappings(value, declared["properties"].get(key, {}), f"{path}.{key}")
    elif isinstance(body, list) and "items" in declared:
        for item in body:
            yield from declared_mappings(item, declared["items"], f"{path}[]")


@pytest.mark.parametrize(
    ("stack", "kind"), [("dev", "Cluster"), ("dev", "Redis"), ("prod", "RedisCluster"), ("prod", "ExternalSecret")]
)
def test_the_validation_notices_an_unknown_field_at_any_depth(stack: str, kind: str) -> None:
    """A lenient schema would let everything pass, and the test above would prove nothing."""
    body = next(one for one in custom_resources(recorded(stack)) if one["kind"] == kind)
    validator = validator_of(body)
    changed = copy.deepcopy(masked(body))
    places = list(declared_mappings(changed, validator.schema))  # type: ignore[arg-type]
    assert len(places) >= 5, f"only {[path for path, _ in places]}"
    for path, place in places:
        place["mispelt"] = True
        assert faults(changed, validator), f"an unknown field at {path} is let through"
        del place["mispelt"]
    assert faults(changed, validator) == []


@pytest.mark.parametrize("row", CUSTOM_RESOURCES, ids=lambda row: f"{row.kind}.{row.group}")
def test_the_table_of_custom_resources_is_what_their_projects_publish(row: CustomResource) -> None:
    """The sandbox makes its stand-ins from this table: a wrong plural or scope would pass there and fail elsewhere."""
    published = definition(row.group, row.kind)["spec"]
    assert published["names"]["plural"] == row.plural
    assert published["scope"] == row.scope
    assert row.version in [one["name"] for one in published["versions"] if one["served"]]


def test_every_custom_resource_is_in_the_table(graph: Graph) -> None:
    """A kind that is missing there has no stand-in, and `make up` fails on the sandbox."""
    known = {(row.api_version, row.kind) for row in CUSTOM_RESOURCES}
    assert {(body["apiVersion"], body["kind"]) for body in custom_resources(graph)} <= known


def test_a_definition_with_an_equals_sign_among_its_values_can_be_read() -> None:
    """YAML 1.1 has a type of its own for a lone `=`, which the safe loader does not know."""
    (one,) = documents(FOLDER / "prometheus-operator" / "monitoring.coreos.com_alertmanagerconfigs.yaml")
    assert one["spec"]["names"]["kind"] == "AlertmanagerConfig"


@pytest.mark.parametrize(
    ("openapi", "good", "bad"),
    [
        ({"properties": {"a": {"type": "string"}}}, {"a": "x"}, {"b": "x"}),
        ({"properties": {"a": {"properties": {"b": {}}}}}, {"a": {"b": 1}}, {"a": {"c": 1}}),
        ({"items": {"properties": {"a": {}}}}, [{"a": 1}], [{"b": 1}]),
        ({"additionalProperties": {"properties": {"a": {}}}}, {"x": {"a": 1}}, {"x": {"b": 1}}),
        ({"type": "string", "nullable": True}, None, 1),
        ({"type": "integer", "minimum": 0, "exclusiveMinimum": True}, 1, 0),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": True}, "50%", []),
    ],
)
def test_a_strict_schema_accepts_what_is_declared_and_nothing_else(openapi: Any, good: Any, bad: Any) -> None:
    """The translation from OpenAPI is the tests' own: it must be right before they can be."""
    validator = Draft202012Validator(strict(openapi))
    assert faults(good, validator) == []
    assert faults(bad, validator) != []


def test_a_strict_schema_stays_open_where_the_definition_keeps_unknown_fields() -> None:
    """A template of another kind lists some fields and takes any."""
    openapi = {"properties": {"a": {}}, "x-kubernetes-preserve-unknown-fields": True}
    assert faults({"b": 1}, Draft202012Validator(strict(openapi))) == []
