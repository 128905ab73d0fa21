"""The keys of an environment's file, by path: `systems.astrbot.services[].cpu`.

They are read from `environment.schema.json`, which a test keeps as the models are: loading the models of all systems
takes a second, and a question should not.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from paths import PROJECT, ROOT

FILE = ROOT / "environment.schema.json"
ANY = "NAME"
_NULL = {"type": "null"}
_CLOSE = 5


class UnknownKeyError(Exception):
    """There is no such key; `nearest` are those that it may have been meant for."""

    def __init__(self, path: str, nearest: Sequence[str]) -> None:
        self.nearest = list(nearest)
        super().__init__(path)


@dataclass(frozen=True, kw_only=True)
class Key:
    """A key: its path, its schema without references, and whether it must be set.

    `kind` is that of the mapping around it which alone has the key; `model` names the schema that it shares with
    others.
    """

    path: str
    schema: Mapping[str, Any]
    required: bool = False
    kind: str | None = None
    model: str | None = None

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(".")[2]

    @property
    def meaning(self) -> str:
        """Its description ("" if it has none)."""
        return str(self.schema.get("description", ""))


class Keys:
    """The keys of one schema."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._definitions: Mapping[str, Any] = document.get("$defs", {})
        self._config: Mapping[str, Any] = document["properties"]["config"]

    @cached_property
    def top(self) -> list[Key]:
        """Those of the file itself, without the project's name before them."""
        prefix = f"{PROJECT}:"
        required = {key.removeprefix(prefix) for key in self._config["required"]}
        names = {key.removeprefix(prefix): schema for key, schema in self._config["properties"].items()}
        return [self._key(name, schema, required=name in required) for name, schema in names.items()]

    def below(self, key: Key) -> list[Key]:
        """The keys below one: of a list those of its entries, of a mapping by name those of its values."""
        return [
            one for path, schema, kind in self._mappings(key.path, key.schema) for one in self._in(path, schema, kind)
        ]

    def alternatives(self, schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """What a value may be: one schema, or several, without references; null is none of them."""
        several = schema.get("oneOf") or schema.get("anyOf")
        if not several:
            return [schema]
        return [found for one in several if one != _NULL for found in self.alternatives(self.resolved(one))]

    def resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """A schema without a reference; what stands beside that wins."""
        while "$ref" in schema:
            rest = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**self._definitions[_model(schema)], **rest}
        return schema

    def find(self, path: str) -> Key:
        """The key of a path, with or without `[]` of lists and the project's name. Raises UnknownKeyError."""
        here, found = self.top, None
        for part in re.sub(r"\[\d*\]", "", path.removeprefix(f"{PROJECT}:")).split("."):
            found = next((one for one in here if one.name.removesuffix("[]") == part), None) or _named(here, part)
            if found is None:
                raise UnknownKeyError(path, self._nearest(path, part, here))
            here = self.below(found)
        assert found is not None, "a path has one part at least"
        return found

    def _key(self, path: str, schema: Mapping[str, Any], *, required: bool, kind: str | None = None) -> Key:
        some = [one for one in schema.get("anyOf", ()) if one != _NULL]
        inner = some[0] if len(some) == 1 else schema
        model = _model(inner) or _model(inner.get("items", {}))
        return Key(path=path, schema=self.resolved(schema), required=required, kind=kind, model=model or None)

    def _mappings(self, path: str, schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], str | None]]:
        """The mappings that a value is or has, each with its path, and its kind if there are several kinds."""
        several = self.alternatives(schema)
        kinds = [one.get("properties", {}).get("kind", {}).get("const") for one in several]
        for one, kind in zip(several, kinds, strict=True):
            if "properties" in one:
                yield path, one, kind if len(kinds) > 1 else None
            elif isinstance(one.get("items"), Mapping):
                yield from self._mappings(f"{path}[]", self.resolved(one["items"]))
            elif isinstance(one.get("additionalProperties"), Mapping):
                yield f"{path}.", one, None

    def _in(self, path: str, schema: Mapping[str, Any], kind: str | None) -> list[Key]:
        if path.endswith("."):
            return [self._key(f"{path}{ANY}", schema["additionalProperties"], required=False)]
        required = schema.get("required", ())
        return [
            self._key(f"{path}.{name}", one, required=name in required, kind=kind)
            for name, one in schema["properties"].items()
        ]

    def _nearest(self, path: str, part: str, here: Sequence[Key]) -> list[str]:
        siblings = {one.name: one.path for one in here}
        close = [siblings[name] for name in difflib.get_close_matches(part, siblings, _CLOSE, 0.6)]
        # Of the same name elsewhere: `cpu` is below many.
        last = path.rpartition(".")[2]
        elsewhere = [one.path for one in self.all if one.name == last]
        similar = difflib.get_close_matches(path, [one.path for one in self.all], _CLOSE, 0.5)
        return list(dict.fromkeys([*close, *elsewhere, *similar]))[:_CLOSE]

    @cached_property
    def all(self) -> list[Key]:
        """All keys, those of a model that several share under the first only."""
        found: list[Key] = []
        self._collect(self.top, found, set())
        return found

    def _collect(self, keys: Sequence[Key], found: list[Key], seen: set[str]) -> None:
        for key in keys:
            found.append(key)
            if key.model is None or key.model not in seen:
                seen.update(filter(None, [key.model]))
                self._collect(self.below(key), found, seen)


def _model(schema: Mapping[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _named(keys: Sequence[Key], part: str) -> Key | None:
    """Of a mapping by name, the value of any name."""
    (found,) = keys if len(keys) == 1 and keys[0].name == ANY and part else (None,)
    return found


def of_the_repository() -> Keys:
    """Those of the schema in the repository."""
    return Keys(json.loads(FILE.read_text(encoding="utf-8")))
