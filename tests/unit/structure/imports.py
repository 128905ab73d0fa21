"""What each module of the program imports, read from its source: wherever the import stands, for types alone too."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache

from paths import ROOT

FOLDERS = ("components", "stacks", "graph", "policy", "ops", "sandbox")
Imports = Mapping[str, frozenset[str]]


@cache
def imports() -> Imports:
    """The modules of the program by their dotted names, with those of them that each imports."""
    modules = {}
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            modules[name] = ast.parse(path.read_text(encoding="utf-8"))
    return {name: frozenset(_imported(tree, modules)) - {name} for name, tree in modules.items()}


def _imported(tree: ast.Module, modules: Mapping[str, ast.Module]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            for alias in node.names:
                below = f"{node.module}.{alias.name}"
                yield from (
                    one for one in (below, node.module) if one in modules and (one == below or below not in modules)
                )
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)


def circles(graph: Imports) -> list[list[str]]:
    """The groups of modules that reach each other, each sorted: by the closure of what each one reaches."""
    reached = {name: _reached(name, graph) for name in graph}
    found = {tuple(sorted({name, *(one for one in reached[name] if name in reached[one])})) for name in graph}
    return [list(group) for group in sorted(found) if len(group) > 1]


def _reached(start: str, graph: Imports) -> set[str]:
    seen, left = set[str](), [start]
    while left:
        for one in graph.get(left.pop(), ()):
            if one not in seen:
                seen.add(one)
                left.append(one)
    return seen
