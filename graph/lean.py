"""What the SDK does for an engine, and a recording does not need: left out, it takes less than half the time.

Measured with SDK 3.272 on the five systems' production, of 680 resources: 0.86 s → 0.38 s. What is recorded is the
same, which a test compares. Each may go once the SDK does so itself.

1. Outputs. For each property of each resource the SDK makes an output with four futures and a task, and translates the
   engine's answer into it by the types of the package. A program reads hardly any of them, so here an output is made
   when it is first read.
2. Unknown values. The SDK searches every value for them. The monitor answers everything, so there are none.
3. URNs. The SDK puts that of each resource together from outputs, for programs that run without any monitor.
4. Plain values. Of each text, number and flag the SDK asks whether it is one of nine kinds of things that it is not,
   and looks through the types of the package for its own, before it sends it as it is.
5. URNs of aliases. The SDK puts them together from outputs too, for engines that do not take an alias as it is written.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

import pulumi
from pulumi import _types, output
from pulumi.runtime import resource, rpc

# The SDK's own.
_get, _create_urn = _types.get, resource.create_urn
_transfer, _resolve, _fail = rpc.transfer_properties, rpc.resolve_outputs, rpc.resolve_outputs_due_to_exception
_serialize_property = rpc.serialize_property
_SCALARS = frozenset((str, int, float, bool, type(None)))
_Resolvers = dict[str, Callable[..., None]]


class _Answer:
    """What the monitor answers for one resource: the SDK's resolvers of those properties that were read."""

    def __init__(self, of: pulumi.Resource, custom: bool) -> None:
        self._of, self._custom = of, custom
        self._read: _Resolvers = {}
        self._arrived: Callable[[_Resolvers], None] | None = None

    def read(self, name: str) -> None:
        """Put the SDK's own output in this one's place."""
        resolvers = _transfer(self._of, {name: None}, self._custom)
        self._read.update(resolvers)
        if self._arrived:
            self._arrived(resolvers)

    def arrive(self, resolve: Callable[[_Resolvers], None]) -> None:
        """Hand on what was answered, now and to whoever reads later."""
        self._arrived = resolve
        resolve(self._read)


@contextlib.contextmanager
def lean_sdk() -> Iterator[None]:
    """Leave all that out until the end of the context."""
    before = [(module, name, getattr(module, name)) for module, name, _ in _REPLACEMENTS]
    for module, name, function in _REPLACEMENTS:
        setattr(module, name, function)
    try:
        yield
    finally:
        for module, name, function in before:
            setattr(module, name, function)


def _read_property(owner: Any, name: str) -> Any:
    value = _get(owner, name)
    if not isinstance(value, _Answer):
        return value
    value.read(name)
    return _get(owner, name)


def _transfer_later(of: pulumi.Resource, props: Mapping[str, Any], custom: bool) -> _Answer:
    answer = _Answer(of, custom)
    of.__dict__.update((name, answer) for name in props if name != "urn" and not (name == "id" and custom))
    return answer


def _resolve_later(
    of: pulumi.Resource, sent: Any, answered: Any, dependencies: Any, answer: _Answer, *rest: Any, **options: Any
) -> None:
    def resolve(resolvers: _Resolvers) -> None:
        if resolvers:
            _resolve(of, sent, answered, dependencies, resolvers, *rest, **options)

    answer.arrive(resolve)


def _fail_later(answer: _Answer, error: Exception) -> None:
    answer.arrive(lambda resolvers: _fail(resolvers, error))


def _nothing_unknown(_value: Any) -> bool:
    return False


async def _serialize(value: Any, *rest: Any, **options: Any) -> Any:
    if type(value) in _SCALARS and not options.get("return_protobuf_value"):
        return value
    return await _serialize_property(value, *rest, **options)


def _urn(name: Any, type_: Any, parent: Any = None, project: Any = None, stack: Any = None) -> pulumi.Output[str]:
    if parent and all(isinstance(one, str) for one in (name, type_, parent)):
        return pulumi.Output.from_input(f"{parent[: parent.rfind('::')]}${type_}::{name}")
    return _create_urn(name, type_, parent, project, stack)


def _alias(alias: Any, *_where: Any) -> Any:
    return alias


_REPLACEMENTS: tuple[tuple[ModuleType, str, Callable[..., Any]], ...] = (
    (pulumi, "get", _read_property),
    (_types, "get", _read_property),
    (rpc, "transfer_properties", _transfer_later),
    (rpc, "resolve_outputs", _resolve_later),
    (rpc, "resolve_outputs_due_to_exception", _fail_later),
    (rpc, "contains_unknowns", _nothing_unknown),
    (output, "contains_unknowns", _nothing_unknown),
    (resource, "create_urn", _urn),
    (pulumi.resource, "collapse_alias_to_urn", _alias),
    (rpc, "serialize_property", _serialize),
)
