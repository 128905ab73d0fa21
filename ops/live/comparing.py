"""Whether a live object is as it was applied: every declared field compared, whatever the API server added left aside.

The API server writes some values in its own way: quantities (`2000m` as `2`), empty values left out, lists of named
things in any order. Those are the same here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from components.kubernetes.quantity import number

ABSENT: Any = object()
Path = tuple[str | int, ...]

# By which field the items of such a list are the same, where the API merges the list by it
# (`x-kubernetes-list-map-keys` of Kubernetes' own OpenAPI document, version 1.35).
_KEYS: Mapping[str, str] = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "imagePullSecrets": "name",
    "resourceClaims": "name",
    "hostAliases": "ip",
    "secrets": "name",
}
# Their items are told apart by two fields, of which the second is seldom set.
_PORTS = ("containerPort", "port")
_EMPTY: tuple[Any, ...] = (None, "", 0, False)


@dataclass(frozen=True)
class Difference:
    """A field that is not as it should be. `ABSENT` stands for no value."""

    path: Path
    wanted: Any
    found: Any

    def __str__(self) -> str:
        return f"{dotted(self.path)}: {_shown(self.found)} instead of {_shown(self.wanted)}"


def differences(wanted: Any, found: Any, ignored: Sequence[str] = (), path: Path = ()) -> Iterator[Difference]:
    """Where `found` has not what `wanted` says; fields `ignored`, such as `spec.replicas`, and below are left aside."""
    if dotted(path) in ignored or _same(wanted, found):
        return
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        for key, value in wanted.items():
            yield from differences(value, found.get(key, ABSENT), ignored, (*path, key))
    elif isinstance(wanted, list) and isinstance(found, list) and (key := merge_key(path, wanted)) is not None:
        there = {one.get(key): (index, one) for index, one in enumerate(found) if isinstance(one, Mapping)}
        for one in wanted:
            index, other = there.get(one.get(key), (len(found), ABSENT))
            yield from differences(one, other, ignored, (*path, index))
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for index, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from differences(one, other, ignored, (*path, index))
    else:
        yield Difference(path, wanted, found)


def merge_key(path: Path, items: Sequence[Any]) -> str | None:
    """The field by which items of the list at `path` are the same; None where they go by their order."""
    if not items or not all(isinstance(one, Mapping) for one in items):
        return None
    name = str(path[-1]) if path else ""
    if name == "ports":
        return next((port for port in _PORTS if all(port in one for one in items)), None)
    key = _KEYS.get(name)
    return key if key and all(key in one for one in items) else None


def dotted(path: Path) -> str:
    """`spec.template.spec.containers[0].image`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _same(wanted: Any, found: Any) -> bool:
    if found is ABSENT or found is None:
        return _is_empty(wanted)
    if isinstance(wanted, (Mapping, list)) or isinstance(found, (Mapping, list)):
        return bool(wanted == found) or (_is_empty(wanted) and _is_empty(found))
    return bool(wanted == found) or str(wanted) == str(found) or _same_quantity(wanted, found)


def _is_empty(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(_is_empty(one) for one in value.values())
    return len(value) == 0 if isinstance(value, list) else value is ABSENT or value in _EMPTY


def _same_quantity(wanted: Any, found: Any) -> bool:
    amounts: list[Decimal] = []
    for one in (wanted, found):
        if isinstance(one, bool):
            return False
        try:
            amounts.append(number(str(one)))
        except ValueError:
            return False
    return amounts[0] == amounts[1]


def _shown(value: Any) -> str:
    return "nothing" if value is ABSENT else repr(value)
