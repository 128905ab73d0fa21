"""An environment's `overrides`: values of its tier that it sets otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import GetJsonSchemaHandler, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from stacks.schema.tiers import Tier
from stacks.schema.types import Problem


class PartOfTier:
    """Marks raw overrides: they have the shape of a tier, and are validated once they are put over one."""

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(Tier.__pydantic_core_schema__)


def checked(tier: Tier, overrides: Mapping[str, Any]) -> tuple[Tier, list[Problem]]:
    """The tier with the overrides, and what of them is no value of a tier or does not fit the rest of this one.

    `overrides` is raw. If one is wrong it is the tier without any of them: what the file says else is checked on it.
    """
    try:
        return with_overrides(tier, overrides), []
    except ValidationError as error:
        return tier, [Problem(("overrides", *line["loc"]), line["msg"], line["input"]) for line in error.errors()]


def with_overrides(tier: Tier, overrides: Mapping[str, Any]) -> Tier:
    """The tier as an environment has it. Raises pydantic.ValidationError if they do not fit."""
    return Tier.model_validate(_merge(tier.model_dump(), overrides))


def _merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `changes` put over it, mapping by mapping."""
    merged = dict(base)
    for key, value in changes.items():
        below = merged.get(key)
        merged[key] = _merge(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged
