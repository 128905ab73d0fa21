"""An environment that exists only in a test: a file in a temporary folder, recorded like any other."""

from __future__ import annotations

import json
import re
import tempfile
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

import graph.record
import stacks.schema.source
from graph.model import Graph
from graph.record import PasswordSource, RecordingMonitor
from paths import environment_of
from stacks.schema.errors import ConfigurationError, ConfigurationProblem

STACK = "scratch"
# For a file of staging or production, at its end: what keeps logs and traces is a fifth of such an environment.
NO_TELEMETRY = "  saas-platform:logs: {kind: none}\n  saas-platform:traces: {kind: none}\n"
# The same with little of what monitors it: less than half of the objects.
BASIC_MONITORING = "  saas-platform:overrides: {monitoring: basic}\n"
# A recording depends on its file alone, and costs a fifth of a second.
_graphs: dict[tuple[str, str, bool], Graph] = {}
_MISTAKE = re.compile(r"#! (?P<path>\S*) \|(?P<fragment>[^#]*)")


@dataclass
class Scratch:
    """The folder, and every monitor that a recording of it made."""

    folder: Path
    monitors: list[RecordingMonitor] = field(default_factory=list)

    def write(self, text: str, stack: str = STACK) -> None:
        """Make `Pulumi.<stack>.yaml`."""
        (self.folder / f"Pulumi.{stack}.yaml").write_text(textwrap.dedent(text), encoding="utf-8")

    def record(self, text: str) -> Graph:
        """The graph of an environment with this file; the same file is recorded once a session."""
        self.write(text)
        return self.recorded(STACK)

    def recorded(self, stack: str, *_passwords: PasswordSource, rendering: bool = False) -> Graph:
        """In place of `record`, where nobody looks at passwords: a stack of the file as it is, once a session."""
        text = (self.folder / f"Pulumi.{environment_of(stack)}.yaml").read_text(encoding="utf-8")
        key = (stack, text, rendering)
        if key not in _graphs:
            _graphs[key] = graph.record.record(stack, rendering=rendering)
        return _graphs[key]

    def problems(self, text: str) -> list[ConfigurationProblem]:
        """Everything that is wrong with an environment with this file; fails if it is accepted."""
        self.write(text)
        with pytest.raises(ConfigurationError) as caught:
            graph.record.record(STACK)
        return caught.value.problems

    @property
    def registered(self) -> list[str]:
        """The types of everything that was registered. The SDK registers the stack itself before the program runs."""
        types = [resource.type for monitor in self.monitors for resource in monitor.recorded]
        return [type_ for type_ in types if type_ != "pulumi:pulumi:Stack"]


def scratch_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    """From now on environments are looked up in `folder`, and what is registered is kept."""
    made = Scratch(folder)

    class Monitor(RecordingMonitor):
        def __init__(self, passwords: PasswordSource) -> None:
            super().__init__(passwords)
            made.monitors.append(self)

    monkeypatch.setattr(stacks.schema.source, "ROOT", folder)
    monkeypatch.setattr(graph.record, "RecordingMonitor", Monitor)
    return made


def graph_of(stack: str, document: Mapping[str, Any]) -> Graph:
    """The graph of an environment with this file, for what belongs to no test alone."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        made = scratch_in(Path(folder), patch)
        made.write(as_text(document), stack)
        return made.recorded(stack)


def as_text(document: Mapping[str, Any]) -> str:
    """The file with these values. Through JSON, since YAML would write what is used twice as an anchor."""
    text: str = yaml.safe_dump(json.loads(json.dumps(document)))
    return text


@dataclass(frozen=True)
class Mistake:
    """An expected problem: its line, its path, and what its message must contain."""

    line: int
    path: str
    fragment: str


def mistakes(text: str) -> list[Mistake]:
    """The problems that a file announces itself, in comments `#! path | fragment` at the end of the lines."""
    lines = textwrap.dedent(text).splitlines()
    return [
        Mistake(number, match["path"], match["fragment"].strip())
        for number, line in enumerate(lines, start=1)
        for match in _MISTAKE.finditer(line)
    ]
