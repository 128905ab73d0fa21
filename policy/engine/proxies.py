"""The engine's protocol and proxies: properties as plain values, read in one walk and only where a rule looks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from google.protobuf import struct_pb2
from pulumi_policy.deserialize import SPECIAL_SECRET_SIG, SPECIAL_SIG_KEY
from pulumi_policy.proxy import UnknownValueError

from graph.model import Secret
from policy.facts.values import UNKNOWN

_UNKNOWN = frozenset(UNKNOWN)
# A key and the path of what it is a key of: joined only when something is unknown.
_Path = tuple[Any, Any] | None


def proxied(values: dict[str, Any]) -> Mapping[str, Any]:
    """The properties of a resource behind proxies."""
    return _MappingProxy(values, None)


class _MappingProxy(Mapping[str, Any]):
    __slots__ = ("_made", "_path", "_target")

    def __init__(self, target: dict[str, Any], path: _Path) -> None:
        self._target, self._path = target, path
        self._made: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        if key in self._made:
            return self._made[key]
        if key == "__target":
            return self._target
        value = self._made[key] = _checked(self._target[key], key, self._path)
        return value

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self._target else default

    def __len__(self) -> int:
        return len(self._target)

    def __iter__(self) -> Iterator[str]:
        return iter(self._target)


class _SequenceProxy(Sequence[Any]):
    __slots__ = ("_made", "_path", "_target")

    def __init__(self, target: list[Any], path: _Path) -> None:
        self._target, self._path = target, path
        self._made: dict[int, Any] = {}

    def __getitem__(self, key: Any) -> Any:
        if key == "__target":
            return self._target
        if isinstance(key, slice):
            return [self[index] for index in range(*key.indices(len(self._target)))]
        if key not in self._made:
            self._made[key] = _checked(self._target[key], key, self._path)
        return self._made[key]

    def __len__(self) -> int:
        return len(self._target)


def _checked(value: Any, key: Any, path: _Path) -> Any:
    if isinstance(value, str):
        if value in _UNKNOWN:
            raise UnknownValueError(value, [str(part) for part in _parts((path, key))])
        return value
    if isinstance(value, dict):
        return _MappingProxy(value, (path, key))
    return _SequenceProxy(value, (path, key)) if isinstance(value, list) else value


def _parts(path: _Path) -> list[Any]:
    parts = []
    while path is not None:
        path, key = path
        parts.append(key)
    return parts[::-1]


def properties(struct: struct_pb2.Struct) -> dict[str, Any]:
    """The properties of a resource; secrets as `graph.model.Secret`, whole numbers as int, assets as they are sent."""
    return {key: _value(value) for key, value in struct.fields.items()}


def _value(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "struct_value":
        fields = value.struct_value.fields
        if SPECIAL_SIG_KEY in fields and fields[SPECIAL_SIG_KEY].string_value == SPECIAL_SECRET_SIG:
            return Secret(_value(fields["value"]))
        return {key: _value(item) for key, item in fields.items()}
    if kind == "list_value":
        return [_value(item) for item in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    return value.bool_value if kind == "bool_value" else None
