"""The JSON Schema of an environment's file, from its models: what editors, `ops explain` and the reference page read.

It says of each key what the key alone can say: its type, form, default and meaning. What keys ask of each other, and
the tier of them, is said by the program. A default that depends on the tier stands at `x-default-by-tier`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from paths import PROJECT
from stacks.schema.defaults_by_tier import defaults_by_tier, plain
from stacks.schema.environment_file import EnvironmentFile
from stacks.schema.tiers import TIERS
from stacks.schema.types import TIME_TITLE

DIALECT = "https://json-schema.org/draft/2020-12/schema"
BY_TIER = "x-default-by-tier"
NULL = {"type": "null"}
_DEFINITIONS = "$defs"
# What the program does not read: keys of other projects and of the engine, as Pulumi has them.
_OTHERS = f"^(?!{PROJECT}:)[^:]+:.+$"


class _Generate(GenerateJsonSchema):
    """As pydantic makes it, without what only repeats names, and with defaults as a person would write them."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def encode_default(self, dft: Any) -> Any:
        return _written(dft)

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """With the form of the keys as such: below `patternProperties` a key of another form would be let pass."""
        keys, values = (self.generate_inner(schema[part]) for part in ("keys_schema", "values_schema"))
        found = {"type": "object", "additionalProperties": values}
        return found if keys == {"type": "string"} else {**found, "propertyNames": keys}


def document() -> dict[str, Any]:
    """The schema of the whole file."""
    model = EnvironmentFile.model_json_schema(schema_generator=_Generate)
    definitions = {name: _tidied(one) for name, one in model.pop(_DEFINITIONS).items()}
    config = _tidied(model)
    # Pulumi reads a key of its own without a value as an empty text.
    properties = {key: _without_null(one) for key, one in config["properties"].items()}
    _make_part_of_tier(properties["overrides"], definitions, {name: plain(tier) for name, tier in TIERS.items()})
    for owner, key, values in defaults_by_tier():
        owned = properties if owner is EnvironmentFile else definitions[owner.__name__]["properties"]
        _set_default(owned[key], values)
    return {
        "$schema": DIALECT,
        "title": f"Environment of {PROJECT}",
        "description": "An environment's file, Pulumi.<environment>.yaml.",
        "type": "object",
        "required": ["config"],
        "properties": {"config": _config(config, properties)},
        _DEFINITIONS: definitions,
    }


def _config(model: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "description": model["description"],
        "type": "object",
        "properties": {f"{PROJECT}:{key}": one for key, one in properties.items()},
        "required": [f"{PROJECT}:{key}" for key in model["required"]],
        "patternProperties": {_OTHERS: True},
        "additionalProperties": False,
    }


def _written(value: Any) -> Any:
    """A default as it would stand in the file: of a model what is not its own default."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_defaults=True)
    if isinstance(value, (list, tuple)):
        return [_written(one) for one in value]
    return plain(value)


def _tidied(schema: Any) -> Any:
    """Without pydantic's titles of models, its hints for OpenAPI, and defaults that say nothing."""
    if isinstance(schema, list):
        return [_tidied(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: value if key in ("default", "examples", "enum") else _tidied(value) for key, value in schema.items()}
    if isinstance(found.get("description"), str):
        found["description"] = re.sub(r"\s+", " ", found["description"])
    if found.get("type") == "object" and isinstance(found.get("title"), str):
        del found["title"]
    if "oneOf" in found:
        found.pop("discriminator", None)
    if found.get("title") == TIME_TITLE and isinstance(found.get("default"), int):
        found["default"] = f"{found['default']}s"
    if "default" in found and found["default"] is None:
        del found["default"]
    return found


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    some = [one for one in schema.get("anyOf", ()) if one != NULL]
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    if not some:
        return schema
    return {**some[0], **rest} if len(some) == 1 else {**rest, "anyOf": some}


def _make_part_of_tier(
    model: dict[str, Any], definitions: Mapping[str, Any], by_tier: Mapping[str, Mapping[str, Any]]
) -> None:
    """Of a tier's model, one with what an environment sets otherwise: nothing is required, and the tiers' own values
    are the defaults."""
    for word in ("required", "default"):
        model.pop(word, None)
    for key, schema in model["properties"].items():
        values = {tier: found[key] for tier, found in by_tier.items()}
        if "$ref" in schema:
            schema.pop("default", None)
            _make_part_of_tier(definitions[schema["$ref"].rpartition("/")[2]], definitions, values)
        else:
            _set_default(schema, values)


def _set_default(schema: dict[str, Any], values: Mapping[str, Any]) -> None:
    first, *others = values.values()
    same = all(one == first for one in others)
    schema.pop("default", None)
    schema.update({"default": first} if same else {BY_TIER: dict(values)})
