"""`ops explain`: one key of an environment's file, or the keys that it may have at the top."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

from ops.errors import EXIT_CONFIGURATION
from ops.reference.keys import ANY, Key, Keys, UnknownKeyError, of_the_repository
from ops.reference.words import Words
from paths import PROJECT

OK = 0
# Wider than this, a list of values is told in lines of its own.
_INLINE = 12


def run(path: str | None) -> int:
    """Print the key; exit status 2 if there is none of that path."""
    keys = of_the_repository()
    if path is None:
        _top(keys)
        return OK
    try:
        key = keys.find(path)
    except UnknownKeyError as error:
        nearest = ", ".join(error.nearest) or ", ".join(one.path for one in keys.top)
        print(f"error: there is no key {path!r}; near it are: {nearest}", file=sys.stderr)
        return EXIT_CONFIGURATION
    _explain(keys, key)
    return OK


def _top(keys: Keys) -> None:
    from ops.console import console

    out = console()
    out.print(f"Keys of Pulumi.<environment>.yaml, each below `config:` as {PROJECT}:KEY", style="bold")
    out.print(_table([(one.path, one) for one in keys.top], Words(keys)))
    out.print("python -m ops explain KEY says more of one, such as systems.astrbot.sizes")


def _explain(keys: Keys, key: Key) -> None:
    from rich.markup import escape

    from ops.console import console

    out, words = console(), Words(keys)
    out.print(f"[bold]{escape(key.path)}[/bold]")
    for line in _lines(key, words):
        out.print(f"  {escape(line)}")
    if below := _below(keys, key):
        out.print("\n[bold]Keys below it[/bold]")
        out.print(_table(below, words))
    out.print("\n[bold]Example[/bold]")
    out.print(escape(_example(key, words)), end="")


def _below(keys: Keys, key: Key) -> list[tuple[str, Key]]:
    """The keys below one by what they are called there; of a mapping by name, those of its values too."""
    found = [(one.name, one) for one in keys.below(key)]
    values = [one for name, one in found if name == ANY]
    return [*found, *((f"{ANY}.{one.name}", one) for value in values for one in keys.below(value))]


def _lines(key: Key, words: Words) -> Iterator[str]:
    yield key.meaning
    yield f"type:     {words.type(key.schema)}"
    yield f"default:  {words.default(key)}"
    allowed = words.allowed(key.schema)
    if len(allowed) > _INLINE:
        yield f"allowed:  {', '.join(allowed)}"
    if pattern := words.form(key.schema):
        yield f"pattern:  {pattern}"


def _table(keys: Sequence[tuple[str, Key]], words: Words) -> Any:
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for heading in ("  Key", "Type", "Default", "Meaning"):
        table.add_column(heading, overflow="fold")
    for name, key in keys:
        kind = f" ({key.kind})" if key.kind and key.name != "kind" else ""
        cells = (f"  {name}{kind}", words.type(key.schema), words.default(key), key.meaning)
        table.add_row(*(escape(cell) for cell in cells))
    return table


def _example(key: Key, words: Words) -> str:
    import yaml

    value = words.example(key)
    for part in reversed(key.path.split(".")[1:]):
        name, entries = part.removesuffix("[]"), part.endswith("[]")
        value = {"example" if name == ANY else name: [value] if entries else value}
    first = key.path.partition(".")[0]
    if first.endswith("[]"):
        first, value = first.removesuffix("[]"), [value]
    document = {"config": {f"{PROJECT}:{first}": value}}
    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110))
