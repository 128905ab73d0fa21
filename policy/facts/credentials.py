"""Which texts are secrets: those of the stack, whose mark may be missing, and those that look like credentials."""

from __future__ import annotations

import base64
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from graph.model import MASK, Secret, revealed
from policy.facts.values import UNKNOWN, Masked, concealed

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


# Each by what messages call it: words of which a text has one, and the expression that it matches. Most texts have none
# of the words, which is known in a hundredth of the time. Sources: the issuers' documentation of their formats.
_SHAPES = {
    "a private key": (("PRIVATE KEY-----",), re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    "an AWS access key": (("AKIA", "ASIA"), re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b")),
    "a GitHub token": (
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        re.compile(r"\b(gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})"),
    ),
    "a GitLab token": (("glpat-",), re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}")),
    "a Slack token": (("xox",), re.compile(r"\bxox[abposr]-[A-Za-z0-9-]{10,}")),
    "a Stripe key": (("k_live_",), re.compile(r"\b[sr]k_live_[A-Za-z0-9]{16,}")),
    "a Google API key": (("AIza",), re.compile(r"\bAIza[A-Za-z0-9_-]{35}")),
    "an OpenAI or Anthropic key": (("sk-",), re.compile(r"\bsk-[A-Za-z0-9_-]{20,}")),
    "a JSON Web Token": ((".eyJ",), re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*")),
    "a URL with a password": (("@",), re.compile(r"[a-z][a-z0-9+.-]*://[^\s/:@]*:[^\s/@$({]+@")),
}
_LONG_WORD = re.compile(r"[A-Za-z0-9+/_=-]{24,}")
_NOT_RANDOM = re.compile(
    r"sha(256|384|512)[:-]|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|/.*/|^[a-z0-9]+([-_][a-z0-9]+)+$|^[A-Z0-9_]+$"
)
# Bits a character: English stays below 3.6, hexadecimal digits below 4; 24 random characters of base64 have 4 to 4.6.
_RANDOM_BITS = 4.0


def credential_shape(value: str) -> str:
    """What a text looks like, with its article (`a GitHub token`); the empty text if it looks harmless."""
    for name, (words, shape) in _SHAPES.items():
        if any(word in value for word in words) and shape.search(value):
            return name
    return "a random key" if any(map(_is_random, _LONG_WORD.findall(value))) else ""


def _is_random(word: str) -> bool:
    kinds = sum(any(test(char) for char in word) for test in (str.isupper, str.islower, str.isdigit))
    return kinds == 3 and not _NOT_RANDOM.search(word) and _entropy(word) >= _RANDOM_BITS


def _entropy(word: str) -> float:
    """Shannon's entropy, in bits a character."""
    return -sum(count / len(word) * math.log2(count / len(word)) for count in Counter(word).values())
