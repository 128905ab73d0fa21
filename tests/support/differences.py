"""Objects as their differences from others: what only one side has, and of what both have the paths that differ.

Nothing is lost: `applied` makes of the first side's objects and the difference the second side's, exactly. Often one
path differs in the same way in many objects, as that of the environment's label does: `EVERYWHERE` says it once.
"""

from __future__ import annotations

import copy
import difflib
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import yaml

# The objects of one side by what they are called. All values are those of JSON.
Objects = Mapping[str, Any]
# The values at one path, by side; a side that has nothing there is not in it.
Pair = dict[str, Any]
Changes = dict[str, Pair]

EVERYWHERE = "every object"
_OBJECTS, _ONLY = "objects", "only in {}"

# A name that a path can have without quotes.
_PLAIN = re.compile(r"[A-Za-z0-9_./:-]+")
_STEP = re.compile(r"""\.?([A-Za-z0-9_/:-]+)|\[(\+?)(\d+)\]|\[name=([A-Za-z0-9_./:-]+)\]|\[("(?:[^"\\]|\\.)*")\]""")
_KEY = re.compile(r"[A-Za-z0-9_/:-]+")


def exactly(value: Any) -> str:
    """The value as text that is the same for equal values only: Python takes 1, 1.0 and true for one."""
    return json.dumps(value, sort_keys=True)


def difference(one: Objects, other: Objects, sides: tuple[str, str]) -> dict[str, Any]:
    """What `applied` makes `other` of `one` by; the sides are what the two are called."""
    first, second = sides
    # With the keys in their order, so that a file does not change by who built a mapping.
    one, other = (json.loads(exactly(objects)) for objects in (one, other))
    own = {name: changes(one[name], other[name], sides) for name in sorted(one.keys() & other.keys())}
    everywhere = _everywhere({name: one[name] for name in own}, own)
    for name, found in own.items():
        own[name] = {path: pair for path, pair in found.items() if exactly(pair) not in everywhere.get(path, {})}
    document = {
        EVERYWHERE: {path: list(pairs.values()) for path, pairs in sorted(everywhere.items())},
        _ONLY.format(first): sorted(one.keys() - other.keys()),
        _ONLY.format(second): {name: other[name] for name in sorted(other.keys() - one.keys())},
        _OBJECTS: {name: found for name, found in own.items() if found},
    }
    return {part: content for part, content in document.items() if content}


def applied(one: Objects, document: Mapping[str, Any], sides: tuple[str, str]) -> dict[str, Any]:
    """The second side's objects, from the first side's and the difference."""
    first, second = sides
    made: dict[str, Any] = dict(document.get(_ONLY.format(second), {}))
    for name in one.keys() - set(document.get(_ONLY.format(first), ())):
        everywhere = {
            path: pair
            for path, pairs in document.get(EVERYWHERE, {}).items()
            for pair in pairs
            if _has(one[name], path, pair[first])
        }
        made[name] = _changed(one[name], {**everywhere, **document.get(_OBJECTS, {}).get(name, {})}, second)
    return made


def said(document: Mapping[str, Any], sides: tuple[str, str]) -> dict[tuple[str, str], Any]:
    """All that a difference says, by object and path; what is said of a whole object has the path ""."""
    first, second = sides
    found: dict[tuple[str, str], Any] = {
        (name, ""): _ONLY.format(first) for name in document.get(_ONLY.format(first), ())
    }
    for name, body in document.get(_ONLY.format(second), {}).items():
        # By its values, so that a failure names the one that changed.
        found[name, ""] = _ONLY.format(second)
        found |= {(name, path): value for path, value in _values(body)}
    found |= {(EVERYWHERE, path): pairs for path, pairs in document.get(EVERYWHERE, {}).items()}
    for name, pairs in document.get(_OBJECTS, {}).items():
        found |= {(name, path): pair for path, pair in pairs.items()}
    return found


def changes(one: Any, other: Any, sides: tuple[str, str], path: str = "") -> Changes:
    """The paths in which two values differ, the shortest that say all, each with both values."""
    if exactly(one) == exactly(other):
        return {}
    found: Changes = {}
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            below = path + _step(key, first=not path)
            if key in one and key in other:
                found |= changes(one[key], other[key], sides, below)
            else:
                found[below] = {
                    side: value[key] for side, value in zip(sides, (one, other), strict=True) if key in value
                }
        return found
    if isinstance(one, list) and isinstance(other, list):
        named = _are_named(one) and _are_named(other)
        for old, new in _aligned(one, other, named=named):
            if old is None:
                assert new is not None
                found[f"{path}[+{new}]"] = {sides[1]: other[new]}
                continue
            below = f"{path}[name={one[old]['name']}]" if named else f"{path}[{old}]"
            found |= {below: {sides[0]: one[old]}} if new is None else changes(one[old], other[new], sides, below)
        return found
    return {path: dict(zip(sides, (one, other), strict=True))}


def _step(key: str, *, first: bool) -> str:
    if not _KEY.fullmatch(key):
        return f"[{json.dumps(key)}]"
    return key if first else f".{key}"


def _are_named(items: Sequence[Any]) -> bool:
    """Whether each item has a name of its own, such as containers and their variables."""
    names = [item.get("name") if isinstance(item, dict) else None for item in items]
    return all(isinstance(name, str) and _PLAIN.fullmatch(name) for name in names) and len(set(names)) == len(names)


def _aligned(one: list[Any], other: list[Any], *, named: bool) -> Iterator[tuple[int | None, int | None]]:
    """Which item of one list is which of the other, in both lists' order; None is none.

    A name says which; of other lists what is equal, and between that the first is taken for the first.
    """
    before, after = ([str(item["name"]) if named else exactly(item) for item in items] for items in (one, other))
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for tag, start, end, new_start, new_end in matcher.get_opcodes():
        olds, news = range(start, end), range(new_start, new_end)
        if tag == "equal" or not named:
            yield from zip_longest(olds, news)
        else:
            yield from ((old, None) for old in olds)
            yield from ((None, new) for new in news)


def _everywhere(one: Objects, own: Mapping[str, Changes]) -> dict[str, dict[str, Pair]]:
    """By path the changes of several objects that befall each object with the first side's value there."""
    counted: dict[str, dict[str, list[Pair]]] = defaultdict(lambda: defaultdict(list))
    for found in own.values():
        for path, pair in found.items():
            if len(pair) == 2:
                counted[path][exactly(pair)].append(pair)
    kept: dict[str, dict[str, Pair]] = {}
    for path, pairs in counted.items():
        for text, same in sorted(pairs.items()):
            before = next(iter(same[0].values()))
            if len(same) > 1 and sum(_has(body, path, before) for body in one.values()) == len(same):
                kept.setdefault(path, {})[text] = same[0]
    return kept


def _steps(path: str) -> list[tuple[str, Any]]:
    """The path as what it is made of: keys, names and places of items, and places of added items."""
    steps: list[tuple[str, Any]] = []
    at = 0
    while at < len(path):
        match = _STEP.match(path, at)
        assert match, f"no path: {path}"
        key, added, place, name, quoted = match.groups()
        if place is not None:
            steps.append(("added" if added else "place", int(place)))
        elif name is not None:
            steps.append(("name", name))
        else:
            steps.append(("key", json.loads(quoted) if quoted else key))
        at = match.end()
    return steps


def _found(value: Any, kind: str, step: Any) -> Any:
    """The key or place of `step` in `value`; None if it is not there."""
    if kind == "key":
        return step if isinstance(value, dict) and step in value else None
    if not isinstance(value, list):
        return None
    if kind == "name":
        return next((at for at, one in enumerate(value) if isinstance(one, dict) and one.get("name") == step), None)
    return step if step < len(value) else None


def _has(value: Any, path: str, wanted: Any) -> bool:
    for kind, step in _steps(path):
        at = _found(value, kind, step)
        if at is None:
            return False
        value = value[at]
    return exactly(value) == exactly(wanted)


def _changed(value: Any, found: Mapping[str, Pair], side: str) -> Any:
    """A copy with the changes made. Their places are those before any of them, those of added items those after all."""
    if "" in found:
        return found[""][side]
    whole = [copy.deepcopy(value)]
    removed: list[tuple[Any, Any]] = []
    added: list[tuple[list[Any], int, Any]] = []
    for path, pair in found.items():
        holder, at = whole, 0
        steps = _steps(path)
        for place, (kind, step) in enumerate(steps):
            holder = holder[at]
            if kind == "added":
                added.append((holder, step, pair[side]))
                break
            inside = _found(holder, kind, step)
            if inside is None:
                assert kind == "key" and place == len(steps) - 1, f"there is no {path}"
                inside = step
            at = inside
        else:
            if side in pair:
                holder[at] = pair[side]
            else:
                removed.append((holder, at))
    # From the last on, so that the places before it stay what they are; keys of mappings have no order.
    for holder, at in sorted(removed, key=lambda one: one[1] if isinstance(one[1], int) else -1, reverse=True):
        del holder[at]
    for holder, at, item in sorted(added, key=lambda one: one[1]):
        holder.insert(at, item)
    return whole[0]


def _values(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _values(item, path + _step(key, first=not path))
    elif isinstance(value, list) and value:
        for place, item in enumerate(value):
            yield from _values(item, f"{path}[{place}]")
    else:
        yield path, value


class _Dumper(yaml.CSafeDumper):
    """With both values of a path on its line, and each value written out: no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


class _OneLine(dict[str, Any]):
    """A pair of single values."""


_Dumper.add_representer(
    _OneLine, lambda dumper, data: dumper.represent_mapping("tag:yaml.org,2002:map", data.items(), flow_style=True)
)


def written(document: Mapping[str, Any], heading: str) -> str:
    """The difference as a file."""
    parts = dict(document)
    parts[EVERYWHERE] = {path: [_line(pair) for pair in pairs] for path, pairs in parts.get(EVERYWHERE, {}).items()}
    parts[_OBJECTS] = {
        name: {path: _line(pair) for path, pair in pairs.items()} for name, pairs in parts.get(_OBJECTS, {}).items()
    }
    full = {part: content for part, content in parts.items() if content}
    text: str = yaml.dump(full, Dumper=_Dumper, sort_keys=False, width=120) if full else "{}\n"
    return f"# {heading}\n{text}"


def _line(pair: Pair) -> Pair:
    return pair if any(isinstance(value, (dict, list)) and value for value in pair.values()) else _OneLine(pair)


def read(text: str) -> dict[str, Any]:
    """What was `written`."""
    document: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return document
