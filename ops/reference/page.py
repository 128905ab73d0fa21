"""The page `docs/configuration.md`: every key of an environment's file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ops.reference.keys import ANY, Key, Keys
from ops.reference.words import Words

_SYSTEMS = "systems"
_ALL = 1000
_EVERY = f"{_SYSTEMS}.SYSTEM"
_INTRODUCTION = """\
# Configuration

Every key of `Pulumi.<environment>.yaml`, each written below `config:` with `saas-platform:` before its first word:
`cluster.kind` is `kind` below `saas-platform:cluster`. Written by `make schema` from the models in `stacks/schema/` and
`stacks/systems/`; a test fails where it is not current.

- `[]` stands for the entries of a list, `NAME` for a name that the file chooses.
- A default that the tier gives is named for each tier. *none* is what the description says.
- `environment.schema.json` has the same for editors. With `# yaml-language-server: $schema=environment.schema.json` as
  the first line of the file they complete keys, explain them, and mark what is wrong while it is typed.
- `python -m ops explain systems.astrbot.sizes` prints one key in a terminal.
- What keys ask of each other, and the tier of them, `make preview` says.
"""


def page(keys: Keys) -> str:
    """All of it."""
    return "\n".join(_Page(keys).lines())


class _Page:
    """Writes each model that several keys share once, and refers to that place from the others."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._words = Words(keys, lambda text: f"`{text}`", many=_ALL)
        self._first: dict[str, str] = {}

    def lines(self) -> Iterator[str]:
        yield _INTRODUCTION
        yield from self._table(self._keys.top)
        for key in self._keys.top:
            below = self._keys.below(key)
            if any(one.name != ANY for one in below):
                yield f"## {key.path}\n"
                yield f"{key.meaning}\n"
                yield from self._systems(below) if key.path == _SYSTEMS else self._table(list(self._within(below)))

    def _systems(self, systems: Sequence[Key]) -> Iterator[str]:
        """The keys that every system has, once; and those that only one has."""
        yield from self._table(systems)
        own = {system.path: self._keys.below(system) for system in systems}
        shared = [key for key in own[systems[0].path] if all(_has(keys, key) for keys in own.values())]
        yield f"### {_EVERY}\n"
        yield "What every system has.\n"
        common = [Key(path=f"{_EVERY}.{key.name}", schema=key.schema, model=key.model) for key in shared]
        yield from self._table(list(self._within(common)))
        for system in systems:
            rest = [key for key in own[system.path] if key.name not in {one.name for one in shared}]
            if rest:
                yield f"### {system.path}\n"
                yield f"{system.meaning} Besides what every system has:\n"
                yield from self._table(list(self._within(rest)))

    def _within(self, keys: Sequence[Key]) -> Iterator[Key]:
        """The keys, each with those below it after it."""
        for key in keys:
            if key.name != ANY or "description" in key.schema:
                yield key
            if key.model is None or key.model not in self._first:
                if key.model:
                    self._first[key.model] = key.path
                yield from self._within(self._keys.below(key))

    def _table(self, keys: Sequence[Key]) -> Iterator[str]:
        yield "| Key | Type | Default | Meaning |"
        yield "|---|---|---|---|"
        for key in keys:
            first = self._first.get(key.model or "", key.path)
            same = "" if first == key.path else f" Its keys are those of `{first}`."
            kind = f" (kind `{key.kind}`)" if key.kind and key.name != "kind" else ""
            cells = (
                f"`{key.path}`{kind}",
                self._words.type(key.schema),
                self._words.default(key),
                key.meaning + same,
            )
            yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
        yield ""


def _has(keys: Sequence[Key], wanted: Key) -> bool:
    return any(key.name == wanted.name and key.schema == wanted.schema for key in keys)
