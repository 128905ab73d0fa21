"""Texts that look like credentials, whatever they are called: known formats of tokens, and random characters."""

from __future__ import annotations

import math
import re
from collections import Counter

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
_WORD = re.compile(r"[A-Za-z0-9+/_=-]{24,}")
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
    return "a random key" if any(map(_is_random, _WORD.findall(value))) else ""


def _is_random(word: str) -> bool:
    kinds = sum(any(test(char) for char in word) for test in (str.isupper, str.islower, str.isdigit))
    return kinds == 3 and not _NOT_RANDOM.search(word) and _entropy(word) >= _RANDOM_BITS


def _entropy(word: str) -> float:
    """Shannon's entropy, in bits a character."""
    return -sum(count / len(word) * math.log2(count / len(word)) for count in Counter(word).values())
