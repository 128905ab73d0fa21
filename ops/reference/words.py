"""What a key's schema says, in words: its type and form, its default, and an example of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from ops.reference.keys import Key, Keys

BY_TIER = "x-default-by-tier"
_PLAIN = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false", "null": "null"}
# More than these are a table of the program's own.
_MANY = 12
_SHOWN = 3


class Words:
    """The words for keys of one schema. `code` marks what is written in a file; of a longer choice than `many` only the
    first are named."""

    def __init__(self, keys: Keys, code: Callable[[str], str] = str, many: int = _MANY) -> None:
        self._keys = keys
        self._code = code
        self._many = many

    def type(self, schema: Mapping[str, Any]) -> str:
        """What a value is: `list of names`, `whole number, 1 to 20`, `one of a, b`."""
        several = list(dict.fromkeys(self._single(one) for one in self._keys.alternatives(schema)))
        # Where null is the default, it is the same as no value.
        nullable = {"type": "null"} in schema.get("anyOf", ()) and "default" in schema
        return " or ".join([*several, *(["null"] if nullable else [])])

    def default(self, key: Key) -> str:
        """Its default: one, or those of the tiers; or that it must be set."""
        if key.required:
            return "required"
        by_tier = key.schema.get(BY_TIER)
        if by_tier is not None:
            return self._by_tier(by_tier)
        return self._code(written(key.schema["default"])) if "default" in key.schema else "none"

    def _by_tier(self, values: Mapping[str, Any]) -> str:
        """`dev and test 7, staging 14`: tiers that have the same stand together."""
        tiers: dict[str, list[str]] = {}
        for tier, value in values.items():
            tiers.setdefault(written(value), []).append(tier)
        return ", ".join(f"{' and '.join(names)} {self._code(text)}" for text, names in tiers.items())

    def allowed(self, schema: Mapping[str, Any]) -> list[str]:
        """The values that it may have, where they are a list; of a list those of its entries, of a mapping its keys."""
        found: list[str] = []
        for one in self._keys.alternatives(schema):
            found += map(written, _values(one))
            for inner in (one.get("items"), one.get("propertyNames")):
                found += self.allowed(self._keys.resolved(inner)) if isinstance(inner, Mapping) else []
        return found

    def form(self, schema: Mapping[str, Any]) -> str:
        """The pattern that a text must match; empty without one."""
        return next((one["pattern"] for one in self._keys.alternatives(schema) if "pattern" in one), "")

    def example(self, key: Key) -> Any:
        """A value that the key may have, with what it must have below."""
        if key.schema.get("default"):
            return key.schema["default"]
        return self._example(next(iter(self._keys.alternatives(key.schema))))

    def _single(self, schema: Mapping[str, Any]) -> str:
        if values := _values(schema):
            return self._choice(schema, values)
        if "title" in schema:
            return str(schema["title"])
        if isinstance(schema.get("items"), Mapping):
            entries = self.type(self._keys.resolved(schema["items"]))
            return "list of mappings" if entries == "mapping" else f"list of {entries}"
        if isinstance(schema.get("additionalProperties"), Mapping):
            names = schema.get("propertyNames", {})
            by = self._single(names) if names else "text"
            return f"mapping of {by} to {self.type(self._keys.resolved(schema['additionalProperties']))}"
        if "properties" in schema:
            return "mapping"
        return f"{_PLAIN.get(str(schema.get('type')), 'any value')}{_range(schema)}"

    def _choice(self, schema: Mapping[str, Any], values: list[Any]) -> str:
        if len(values) == 1:
            return self._code(str(values[0]))
        if len(values) > self._many:
            first = ", ".join(self._code(str(one)) for one in values[:_SHOWN])
            return f"{schema.get('title', 'text')}: {first} and {len(values) - _SHOWN} more"
        return f"one of {', '.join(self._code(written(one)) for one in values)}"

    def _example(self, schema: Mapping[str, Any]) -> Any:
        if values := _values(schema):
            return values[0]
        for key in ("examples", "default"):
            if schema.get(key):
                return schema[key][0] if key == "examples" else schema[key]
        if isinstance(schema.get("items"), Mapping):
            return [self._of(schema["items"])]
        if isinstance(schema.get("additionalProperties"), Mapping):
            return {str(self._example(schema.get("propertyNames", {}))): self._of(schema["additionalProperties"])}
        if "properties" in schema:
            names = schema.get("required") or list(schema["properties"])[:1]
            return {name: self._of(schema["properties"][name]) for name in names}
        plain = {"boolean": True, "integer": schema.get("minimum", 1), "number": schema.get("minimum", 1)}
        return plain.get(str(schema.get("type")), "example")

    def _of(self, schema: Mapping[str, Any]) -> Any:
        return self._example(self._keys.alternatives(self._keys.resolved(schema))[0])


def written(value: Any) -> str:
    """A value in one line, as it may stand in the file."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {written(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(written(one) for one in value) + "]"
    # A text that YAML would take for a number, or for nothing, has quotes.
    plain = isinstance(value, str) and value and not re.fullmatch(r"[0-9.]+", value)
    return str(value) if plain else json.dumps(value)


def _values(schema: Mapping[str, Any]) -> list[Any]:
    return [schema["const"]] if "const" in schema else list(schema.get("enum", ()))


def _range(schema: Mapping[str, Any]) -> str:
    least, most, above = (schema.get(key) for key in ("minimum", "maximum", "exclusiveMinimum"))
    if above is not None:
        return f" above {above}" + (f", {most} at the most" if most is not None else "")
    if least is not None and most is not None:
        return f", {least} to {most}"
    return f", {least} or more" if least is not None else ""
