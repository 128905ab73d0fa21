"""Which texts of a stack are secrets, so that they are recognised where their mark is missing.

Pulumi's mark follows a value through outputs, and is lost where a program takes the value out of one. So the texts that
are marked anywhere in a stack, below a key that sounds confidential, are looked for everywhere else.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from graph.model import MASK, Secret, revealed
from policy.values import UNKNOWN, Masked, concealed

# Shorter texts turn up by chance.
_SHORTEST = 8
_CONFIDENTIAL = re.compile(
    r"pass(word|wd|phrase)|secret|token|credential|api_?key|access_?key|private_?key|^result$", re.IGNORECASE
)
_NOT_THE_VALUE = re.compile(r"_?(names?|refs?|paths?|stores?|urls?|keys?_ids?|arns?)$", re.IGNORECASE)
_WORD = re.compile(rf"[^\s:/@?&=,;\"'{{}}]{{{_SHORTEST},}}")


class Leaked(Masked):
    """Stands for a text that is a secret elsewhere in the stack, and here bears no mark."""

    __slots__ = ()


def confidential_name(name: str) -> bool:
    """Whether a key says that its value is a credential, and not where one is to be found."""
    return bool(_CONFIDENTIAL.search(name)) and not _NOT_THE_VALUE.search(name)


def confidential_texts(values: Iterable[Any]) -> frozenset[str]:
    """The marked texts below confidential keys, each as it is and as a Secret's `data` holds it."""
    return frozenset(form for value in values for text in _texts(value, "", False) for form in _forms(text))


def concealed_all(value: Any, known: frozenset[str]) -> tuple[Any, bool]:
    """A copy with marked secrets masked, and every other text that is or has a known one replaced by Leaked.

    The second tells whether anything was replaced: most resources hold no secret, and need not be searched for one.
    """
    replaced: list[bool] = []
    return _concealed(value, known, replaced), bool(replaced)


def _concealed(value: Any, known: frozenset[str], replaced: list[bool]) -> Any:
    if isinstance(value, dict):
        return {key: _concealed(item, known, replaced) for key, item in value.items()}
    if isinstance(value, list):
        return [_concealed(item, known, replaced) for item in value]
    if isinstance(value, Secret):
        replaced.append(True)
        return concealed(value)
    if known and isinstance(value, str) and _has_known(value, known):
        replaced.append(True)
        return Leaked(MASK)
    return concealed(value) if isinstance(value, (Mapping, tuple)) else value


def _has_known(value: str, known: frozenset[str]) -> bool:
    return len(value) >= _SHORTEST and (value in known or not known.isdisjoint(_WORD.findall(value)))


def _texts(value: Any, key: str, marked: bool) -> Iterator[str]:
    if isinstance(value, Secret):
        yield from _texts(revealed(value), key, True)
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _texts(item, name, marked)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item, key, marked)
    elif marked and isinstance(value, str) and confidential_name(key) and value not in UNKNOWN:
        # In a preview all that is not known yet is one and the same text, secret or not.
        yield value


def _forms(text: str) -> Iterator[str]:
    try:
        decoded = base64.b64decode(text, validate=True).decode()
    except ValueError:
        decoded = base64.b64encode(text.encode()).decode()
    yield from (form for form in (text, decoded) if len(form) >= _SHORTEST)
