"""Texts that look like credentials, whatever they are called: known formats of tokens, and random characters."""

from __future__ import annotations

import math
import re
from collections import Counter

# Each by what messages call it. Sources: the issuers' documentation of their formats.
_SHAPES = {
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "an AWS access key": re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b"),
    "a GitHub token": re.compile(r"\b(gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})"),
    "a GitLab token": re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}"),
    "a Slack token": re.compile(r"\bxox[abposr]-[A-Za-z0-9-]{10,}"),
    "a Stripe key": re.compile(r"\b[sr]k_live_[A-Za-z0-9]{16,}"),
    "a Google API key": re.compile(r"\bAIza[A-Za-z0-9_-]{35}"),
    "an OpenAI or Anthropic key": re.compile(r"\bsk-[A-Za-z0-9_-]{20,}"),
    "a JSON Web Token": re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*"),
    "a URL with a password": re.compile(r"[a-z][a-z0-9+.-]*://[^\s/:@]*:[^\s/@$({]+@"),
}
_WORD = re.compile(r"[A-Za-z0-9+/_=-]{24,}")
_NOT_RANDOM = re.compile(
    r"sha(256|384|512)[:-]|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|/.*/|^[a-z0-9]+([-_][a-z0-9]+)+$|^[A-Z0-9_]+$"
)
# Bits a character: English stays below 3.6, hexadecimal digits below 4; 24 random characters of base64 have 4 to 4.6.
_RANDOM_BITS = 4.0


def credential_shape(value: str) -> str:
    """What a text looks like, with its article (`a GitHub token`); the empty text if it looks harmless."""
    for name, shape in _SHAPES.items():
        if shape.search(value):
            return name
    return "a random key" if any(map(_is_random, _WORD.findall(value))) else ""


def _is_random(word: str) -> bool:
    kinds = sum(any(test(char) for char in word) for test in (str.isupper, str.islower, str.isdigit))
    return kinds == 3 and not _NOT_RANDOM.search(word) and _entropy(word) >= _RANDOM_BITS


def _entropy(word: str) -> float:
    """Shannon's entropy, in bits a character."""
    return -sum(count / len(word) * math.log2(count / len(word)) for count in Counter(word).values())
