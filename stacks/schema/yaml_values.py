"""Which values of YAML mean the same to everybody who reads an environment's file.

Two programs read it: this one, by PyYAML (YAML 1.1), and the Pulumi engine, by Go's yaml.v3 (YAML 1.2 with parts of
1.1), which hands objects on as JSON, numbers without their spelling, and each single value below `config:` as text.
What both and a person read alike is taken: `true`, `false`, `null`, numbers as JSON prints them, and as text all that
no reader takes for something else. `off` is text here too, as a word of the schema's own (an operator's mode). The rest
is refused, with what to write instead:

| plain value                   | PyYAML           | the engine         |
|-------------------------------|------------------|--------------------|
| `yes`, `no`, `on`, `Off`      | true, false      | text               |
| `010`                         | 8                | 8                  |
| `08`, `0o10`, `1e3`           | text             | 8, 8, 1000         |
| `0x1F`, `0b11`, `1_000`, `+5` | 31, 3, 1000, 5   | the same           |
| `1:30`                        | 90               | text               |
| `1.0`, `1.10`, `.5`, `5.`     | 1.0, 1.1, .5, 5. | 1, 1.1, 0.5, 5     |
| `.inf`, `.nan`                | a float          | it fails           |
| 17 digits and more            | all of them      | some of them       |
| `0.00001`                     | 1e-05            | 0.00001, or 1e-05  |
| `2026-01-02`, `2026-1-2`      | a date, text     | a time, as text    |
| `=`                           | it fails         | text               |
| `!!str 010`, `!!int "3"`, …   | as it is tagged  | often, not always  |
| `8080: …`, `true: …` as keys  | a number, true   | it fails           |
| nothing, for a key of Pulumi's | null            | the text ""        |
"""

from __future__ import annotations

import re
from typing import Any

import yaml

_PREFIX = "tag:yaml.org,2002:"
_TEXT = f"{_PREFIX}str"
_COLLECTIONS: dict[type[yaml.Node], str] = {yaml.MappingNode: f"{_PREFIX}map", yaml.SequenceNode: f"{_PREFIX}seq"}
# As JSON prints a number, and Python too: what any reader takes for it. More digits do not fit into a float.
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?")
_DIGITS = 15
_WORDS = {"true": "bool", "false": "bool", "null": "null", "~": "null", "": "null", "<<": "merge"}
_WORDS |= {spelling: kind for word, kind in _WORDS.items() for spelling in (word.title(), word.upper())}
_QUOTES = "or put it in quotes if it is text"
_OWN_WORD = "off"
_ODD_NUMBER = (
    r"([-+]_*)?(0_*[xX][0-9a-fA-F_]+|0_*[bB][-+]?[01_]+|0_*[oO][-+]?[0-7_]+|"
    r"(\._*[0-9][0-9_]*|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9_]*[0-9]_*)?)"
)
# What one of the two readers, at least, makes something else of than the text that it is.
_STRANGE = {
    re.compile(pattern): f"{message}{_QUOTES}"
    for pattern, message in {
        r"yes|Yes|YES|on|On|ON": "is true to some readers of YAML: write true, ",
        r"no|No|NO|Off|OFF": "is false to some readers of YAML: write false, ",
        r"[-+]?0[0-7_]*[0-7][0-9_]*": "is octal to readers of YAML: write a number without a zero before it, ",
        r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?": "is of base 60 to some readers of YAML: write one number, ",
        r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t]+[0-9]{1,2}:.*)?": "is a date to YAML, which no key has: correct it, ",
        r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)": "is no number with digits: write one, ",
        _ODD_NUMBER: "is another number than it seems to some readers of YAML: write it like 8, -31 or 0.5, in at most "
        "15 digits, without a zero too many and not below 0.0001, ",
        r"=": "is no text to some readers of YAML: write a value, ",
    }.items()
}


def refusal(node: yaml.Node) -> str | None:
    """Why a value is not read alike by everybody, and what to write instead; None if it is."""
    if not isinstance(node, yaml.ScalarNode):
        return None if node.tag == _COLLECTIONS[type(node)] else _tagged(node)
    if node.style:
        return None if node.tag == _TEXT else _tagged(node)
    if node.value == _OWN_WORD:
        as_text(node)
        return None
    for pattern, message in () if _is_plain(node.value) else _STRANGE.items():
        if pattern.fullmatch(node.value):
            return f"{node.value} {message}"
    return None if node.tag == f"{_PREFIX}{_kind(node.value)}" else _tagged(node)


def is_null(node: yaml.Node) -> bool:
    """Whether it is no value at all."""
    return node.tag == f"{_PREFIX}null"


def as_text(node: yaml.Node) -> None:
    """Make a value that was refused one that can be read on with, so that what else is wrong is found too."""
    node.tag = _COLLECTIONS.get(type(node), _TEXT)


def key_refusal(node: yaml.Node) -> str | None:
    """The same of a key, which must be text."""
    if (found := refusal(node)) or not isinstance(node, yaml.ScalarNode) or node.style:
        return found
    if (kind := _kind(node.value)) in ("str", "merge"):
        return None
    names = {"bool": "a truth value", "null": "no value", "int": "a number", "float": "a number"}
    return f"the key {node.value!r} is {names[kind]} to YAML: put it in quotes"


def _is_plain(text: str) -> bool:
    """Whether it is one of those numbers that all read alike."""
    fits = _NUMBER.fullmatch(text) is not None and sum(map(str.isdigit, text)) <= _DIGITS
    return fits and ("." not in text or repr(float(text)) == text)


def _kind(text: str) -> str:
    if _is_plain(text):
        return "float" if "." in text else "int"
    return _WORDS.get(text, "str")


def _tagged(node: Any) -> str:
    tag = node.tag.removeprefix(_PREFIX)
    return f"YAML reads this as a {tag}, since it is told to: leave that out, and put what is text in quotes"
