"""The error that lists everything wrong with an environment's configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from paths import PROJECT
from stacks.schema.source import Source

if TYPE_CHECKING:
    from pydantic import ValidationError


@dataclass(frozen=True)
class ConfigurationProblem:
    """One thing that is wrong: the file, its line (None if unknown), the path of the value, and what is allowed."""

    file: str
    line: int | None
    path: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.path}: {self.message}" if self.path else f"{where}: {self.message}"


class ConfigurationError(pulumi.RunError):
    """All that is wrong with an environment's configuration, raised before any resource is registered.

    It is a `RunError`, which the Pulumi engine prints without a traceback.
    """

    def __init__(self, problems: list[ConfigurationProblem]) -> None:
        self.problems = problems
        count = "1 error" if len(problems) == 1 else f"{len(problems)} errors"
        super().__init__("\n  ".join([f"invalid configuration, {count}:", *map(str, problems)]))


def from_source(source: Source) -> list[ConfigurationProblem]:
    """What is wrong with the file itself."""
    return [
        ConfigurationProblem(source.path.name, problem.line or None, _dotted(_own(problem.path)), problem.message)
        for problem in source.problems
    ]


def from_validation(source: Source, error: ValidationError) -> list[ConfigurationProblem]:
    """What is wrong with the values, in the order of the file. What was not read says enough of itself already."""
    refused = {_dotted(_own(problem.path)) for problem in source.problems if problem.refused and problem.path}
    problems = [
        ConfigurationProblem(
            file=source.path.name,
            line=source.line_of(path),
            path=_dotted(path),
            message=_message(line["msg"], line["input"]),
        )
        for line in error.errors()
        for path in [source.without_kinds(line["loc"])]
    ]
    read = (problem for problem in problems if problem.path not in refused)
    return sorted(read, key=lambda problem: (problem.line or 0, problem.path))


def _own(path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The path of a value of the file below the project's namespace."""
    return (str(path[0]).removeprefix(f"{PROJECT}:"), *path[1:]) if path else ()


def _dotted(path: tuple[str | int, ...]) -> str:
    # pydantic marks what is wrong with a key, and not its value, by one more part.
    path = path[:-1] if path[-1:] == ("[key]",) else path
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def _message(message: str, value: object) -> str:
    # A value that a person can recognise helps to find it; a long or nested one does not.
    shown = repr(value)
    if shown in message or isinstance(value, (dict, list)) or value is None or len(shown) > 80:
        return message
    return f"{message}; got {shown}"
