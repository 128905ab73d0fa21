"""The file that configuration came from, so that an error can name the line."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from paths import PROJECT, ROOT, environment_of
from stacks.schema.yaml_values import as_text, is_null, key_refusal, refusal

_Path = tuple[str | int, ...]
# Ten times as fast where PyYAML was built with libyaml, as its wheels are.
_FastLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# Far more than anybody writes: aliases of aliases make millions of values of ten lines.
_MOST_VALUES = 50_000
_NO_VALUE = "has no value, of which Pulumi makes an empty text: give it one, or take the key out"


@dataclass(frozen=True)
class SourceProblem:
    """Something that YAML lets pass and a person did not mean, or a syntax error.

    `path` is that of the value, if it has one; `refused` says that what is there is not the value that was written.
    """

    line: int
    message: str
    path: _Path = ()
    refused: bool = False


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
        if document is None:
            return Source(path)
        walk = _Walk()
        if isinstance(document, yaml.MappingNode):
            # Before values are made of it: that puts merged mappings in the place of their merge keys.
            walk.document(document)
            config = None if walk.endless else loader.construct_document(document).get("config", {})
    except RecursionError:
        return Source(path, problems=(SourceProblem(0, "is nested more deeply than anybody can mean"),))
    finally:
        loader.dispose()
    if walk.endless:
        return Source(path, problems=tuple(walk.problems))
    if not isinstance(document, yaml.MappingNode) or not isinstance(config, dict):
        return Source(path, problems=(SourceProblem(1, "must be a mapping with the key 'config', itself a mapping"),))
    problems = (*walk.problems, *_foreign_keys(config, walk.lines))
    return Source(path, config, problems, walk.lines)


class _Walk:
    """Goes once over a file's values: notes the line of each below `config:`, and what YAML lets pass.

    What was refused is made text, so that the rest of the file can be read on. `endless` says that values cannot be
    made of it at all.
    """

    def __init__(self) -> None:
        self.lines: dict[_Path, int] = {}
        self.problems: list[SourceProblem] = []
        self.endless = False
        self._refused: dict[int, str] = {}

    def document(self, node: yaml.MappingNode) -> None:
        """Go over the whole file."""
        self._judge(node, refusal, (), 1)
        first: dict[str, int] = {}
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if first.setdefault(name, line) != line:
                self.problems.append(SourceProblem(line, f"key {name!r} stands twice, first in line {first[name]}"))
            self._judge(key, key_refusal, (), line)
            if name == "config":
                self.lines[()] = first[name]
                self._judge(value, refusal, (), line)
                self._below(value, (), (node,))
            else:
                self._keep_out(value, name, line)

    def _keep_out(self, node: yaml.Node, name: str, line: int) -> None:
        """Go over what Pulumi itself keeps in the file: its lines are nobody's configuration."""
        other = _Walk()
        other._value(node, (name,), line, ())
        self.problems += other.problems
        self.endless = self.endless or other.endless

    def _below(self, node: yaml.Node, path: _Path, above: tuple[yaml.Node, ...]) -> None:
        if self.endless:
            return
        if node in above or len(self.lines) > _MOST_VALUES:
            what = "this value contains itself by an alias" if node in above else "aliases make too many values of this"
            self.problems.append(SourceProblem(node.start_mark.line + 1, what, path))
            self.endless = True
        elif isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                self._value(item, (*path, index), item.start_mark.line + 1, (*above, node))
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                self._entry(key, value, path, (*above, node))

    def _entry(self, key: yaml.Node, value: yaml.Node, path: _Path, above: tuple[yaml.Node, ...]) -> None:
        if not isinstance(key, yaml.ScalarNode):
            return  # No key of a value: making the values says so.
        here, line = (*path, key.value), key.start_mark.line + 1
        if here in self.lines:
            message = f"key {key.value!r} stands twice, first in line {self.lines[here]}"
            self.problems.append(SourceProblem(line, message, here))
        self._judge(key, key_refusal, here, line)
        if not path and is_null(value):
            self._judge(value, lambda _: _NO_VALUE, here, line)
        self._value(value, here, line, above)

    def _value(self, node: yaml.Node, path: _Path, line: int, above: tuple[yaml.Node, ...]) -> None:
        self.lines[path] = line
        if id(node) not in self._refused or self._refused[id(node)] is not _NO_VALUE:
            self._judge(node, refusal, path, line)
        self._below(node, path, above)

    def _judge(self, node: yaml.Node, judge: Callable[[yaml.Node], str | None], path: _Path, line: int) -> None:
        # An alias is the same node once more, which is text by now, and as wrong here as in its first place.
        if message := self._refused.get(id(node)) or judge(node):
            self._refused[id(node)] = message
            self.problems.append(SourceProblem(line, message, path, refused=True))
            as_text(node)


def _foreign_keys(config: Mapping[str, Any], lines: Mapping[_Path, int]) -> Iterable[SourceProblem]:
    """Keys that Pulumi reads for nobody, or otherwise: without a project before them, or with a misspelt one."""
    for key in config:
        project, colon, name = str(key).partition(":")
        if name.startswith("config:"):
            message = f"key {key!r} is an old spelling; write '{project}:{name.removeprefix('config:')}'"
            yield SourceProblem(lines.get((key,), 0), message, (key,), refused=True)
        elif not colon:
            yield SourceProblem(lines.get((key,), 0), f"key {key!r} belongs to no project; write '{PROJECT}:{key}'")
        elif project != PROJECT and difflib.get_close_matches(project, [PROJECT], cutoff=0.8):
            yield SourceProblem(lines.get((key,), 0), f"unknown project {project!r}; did you mean '{PROJECT}:{name}'?")
