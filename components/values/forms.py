"""How a value is written: what the JSON Schema of an environment's file says of types with a form of their own.

The validators of a type say why a value is refused; its form lets an editor refuse it while it is typed. A form takes
whatever the validators take. Patterns are those that Python and JavaScript read alike (ECMA-262).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema


def pattern_of(expression: str) -> str:
    """The pattern of a text that matches the whole expression: JSON Schema looks for it anywhere."""
    return f"^(?:{expression})$"


def form(title: str, pattern: str | None = None, *examples: Any, **more: Any) -> WithJsonSchema:
    """A text that matches all of `pattern`; `more` are other words of JSON Schema, in place of its type too."""
    schema: dict[str, Any] = {"title": title, "type": "string"}
    if pattern is not None:
        schema["pattern"] = pattern_of(pattern)
    return WithJsonSchema({**schema, **({"examples": list(examples)} if examples else {}), **more})


def one_of(title: str, values: Iterable[str]) -> WithJsonSchema:
    """One of the texts of a table, which a validator looks up there."""
    return form(title, enum=list(values))


@dataclass(frozen=True)
class Matching:
    """All of a text must match `pattern`; one that does not is refused with itself and the `explanation`."""

    pattern: str
    title: str
    explanation: str
    examples: tuple[str, ...]

    def _check(self, value: str) -> str:
        if not re.fullmatch(self.pattern, value):
            raise ValueError(f"{value!r} {self.explanation}")
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return form(self.title, self.pattern, *self.examples).__get_pydantic_json_schema__(schema, handler)


def matching(title: str, pattern: str, explanation: str, *examples: str) -> Matching:
    """A text of a form that is a pattern alone."""
    return Matching(pattern, title, explanation, examples)
