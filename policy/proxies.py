"""The engine's proxies, made only where a rule looks: most of what the SDK wraps nobody reads.

They behave as `pulumi_policy.proxy.unknown_checking_proxy`: Mapping and Sequence, never dict and list, and touching a
value that a preview cannot know raises UnknownValueError with its path. A test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi_policy.proxy import UnknownValueError

from policy.values import UNKNOWN

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
