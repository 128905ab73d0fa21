"""The file that configuration came from, so that an error can name the line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from paths import PROJECT, ROOT, environment_of

_Path = tuple[str | int, ...]
# Ten times as fast where PyYAML was built with libyaml, as its wheels are.
_FastLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# What JSON knows too: Pulumi hands objects and lists on as that.
_KINDS = ("map", "seq", "str", "int", "float", "bool", "null", "merge")


@dataclass(frozen=True)
class SourceProblem:
    """Something that YAML lets pass and a person did not mean, or a syntax error."""

    line: int
    message: str


@dataclass(frozen=True)
class Source:
    """A `Pulumi.<environment>.yaml`: its values below `config:`, and the line of each."""

    path: Path
    config: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[SourceProblem, ...] = ()
    _lines: Mapping[_Path, int] = field(default_factory=dict)

    @classmethod
    def of_stack(cls, stack: str) -> Source:
        """The file of a stack's environment. A missing or unreadable file gives a source with that problem."""
        return cls.read(file_of(stack))

    @classmethod
    def read(cls, path: Path) -> Source:
        """Read a file; never raises for what is in it."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            return cls(path, problems=(SourceProblem(0, _unreadable(path, error)),))
        try:
            return _parse(path, text)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 0
            return cls(path, problems=(SourceProblem(line, f"not valid YAML: {error.problem}"),))
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            return cls(path, problems=(SourceProblem(line, f"not valid YAML: {error.reason}"),))

    def without_kinds(self, path: _Path) -> _Path:
        """A path as it stands in the file: pydantic puts the `kind` of a value that is one of several after its key."""
        kept: list[str | int] = []
        here: Any = {key.removeprefix(f"{PROJECT}:"): value for key, value in self.config.items()}
        for part in path:
            if isinstance(here, Mapping):
                if here.get("kind") == part and part not in here:
                    continue
                here = here.get(part)
            else:
                here = here[part] if isinstance(here, list) and isinstance(part, int) and part < len(here) else None
            kept.append(part)
        return tuple(kept)

    def line_of(self, path: _Path) -> int | None:
        """The line of a value by its path below the project's namespace, or of the nearest value that is there."""
        for end in range(len(path), 0, -1):
            key = (f"{PROJECT}:{path[0]}", *path[1:end])
            if key in self._lines:
                return self._lines[key]
        return self._lines.get(())


def file_of(stack: str) -> Path:
    """Where the file of a stack's environment is, or would be."""
    return ROOT / f"Pulumi.{environment_of(stack)}.yaml"


def environments() -> list[str]:
    """The environments that have a file, by name."""
    return sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))


def _unreadable(path: Path, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"there is no such file; environments with one: {', '.join(environments()) or 'none'}"
    return f"cannot be read: {error}"


def _parse(path: Path, text: str) -> Source:
    try:
        return _parsed(path, _FastLoader(text))
    except yaml.YAMLError:
        # Once more, for words that name the character or the alias.
        return _parsed(path, yaml.SafeLoader(text))


def _parsed(path: Path, loader: Any) -> Source:
    try:
        document: yaml.Node | None = loader.get_single_node()
        if strange := list(_strange_values(document)):
            return Source(path, problems=tuple(strange))
        # Before values are made of it: that puts merged mappings in the place of their merge keys.
        lines, problems = _keys(document)
        root = loader.construct_document(document) if document is not None else {}
    finally:
        loader.dispose()
    config = root.get("config", {}) if isinstance(root, dict) else None
    if not isinstance(config, dict):
        return Source(path, problems=(SourceProblem(1, "must be a mapping with the key 'config', itself a mapping"),))
    problems += _foreign_keys(config, lines)
    return Source(path, config, tuple(problems), lines)


def _keys(document: yaml.Node | None) -> tuple[dict[_Path, int], list[SourceProblem]]:
    """The line of every value below `config:`, and the keys that stand twice."""
    lines: dict[_Path, int] = {}
    problems: list[SourceProblem] = []
    for key, value in document.value if isinstance(document, yaml.MappingNode) else ():
        if key.value == "config":
            line = key.start_mark.line + 1
            if lines.setdefault((), line) != line:
                problems.append(SourceProblem(line, f"key 'config' stands twice, first in line {lines[()]}"))
            problems += _walk(value, (), lines)
    return lines, problems


def _walk(node: yaml.Node, path: _Path, lines: dict[_Path, int]) -> Iterable[SourceProblem]:
    """Note the line of every value below `node`; yield keys that stand twice, of which YAML keeps only the last."""
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            lines[*path, index] = item.start_mark.line + 1
            yield from _walk(item, (*path, index), lines)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue  # No key of a value: making the values says so.
            line = key.start_mark.line + 1
            if (*path, key.value) in lines:
                yield SourceProblem(line, f"key {key.value!r} stands twice, first in line {lines[*path, key.value]}")
            lines[*path, key.value] = line
            yield from _walk(value, (*path, key.value), lines)


def _strange_values(node: yaml.Node | None, above: tuple[yaml.Node, ...] = ()) -> Iterable[SourceProblem]:
    """Values that YAML makes a date, a set or bytes of, or that contain themselves: no configuration can mean them."""
    if node is None:
        return
    if node in above:
        yield SourceProblem(node.start_mark.line + 1, "this value contains itself by an alias")
        return
    kind = node.tag.rpartition(":")[2]
    if kind not in _KINDS:
        yield SourceProblem(node.start_mark.line + 1, f"YAML reads this as a {kind}; put it in quotes if it is text")
    for child in node.value if isinstance(node.value, list) else ():
        for part in child if isinstance(child, tuple) else (child,):
            yield from _strange_values(part, (*above, node))


def _foreign_keys(config: Mapping[str, Any], lines: Mapping[_Path, int]) -> Iterable[SourceProblem]:
    """Keys that Pulumi would read for nobody: without a project before them, or with a misspelt one."""
    for key in config:
        project, colon, name = str(key).partition(":")
        if not colon:
            yield SourceProblem(lines.get((key,), 0), f"key {key!r} belongs to no project; write '{PROJECT}:{key}'")
        elif project != PROJECT and difflib.get_close_matches(project, [PROJECT], cutoff=0.8):
            yield SourceProblem(lines.get((key,), 0), f"unknown project {project!r}; did you mean '{PROJECT}:{name}'?")
