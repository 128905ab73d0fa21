"""Keeping secrets out of messages, and nothing else: a tool may quote what it was given, and messages end in logs.

A text is secret if the program marks it so and it does not stand in clear in the same environment, as names of
databases and users do that are in a Secret beside their passwords. It is masked in every form that tools quote it in:
as it is, in base64 by itself and within a longer text, quoted for URLs, and escaped as JSON, Go, Python and YAML do.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from graph.model import MASK, Graph, Secret, revealed

# Masked, shorter ones would take parts of ordinary words out of messages; nothing so short keeps anybody out.
_SHORTEST = 4
# Below this length a text is masked as a word alone: as part of others it says nothing.
_SHORT = 8
_WORD = re.compile(r"[A-Za-z0-9]+(?:[-_.][A-Za-z0-9]+)*")
# The keys of a Secret that say who somebody is and where, if what they hold looks like a name at all.
_NAMING_KEY = re.compile(r"(user|user_?name|access_?key(_?id)?|host|host_?name|database|db_?name)\Z", re.IGNORECASE)
_NAME = re.compile(r"[a-z]+([-_.][a-z0-9]+)*")
# Parts of a longer secret text that are secret by themselves: the password of a URL; passwords, tokens and digests.
_PASSWORD = re.compile(r"://[^/\s:@]*:([^/\s@]+)@")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}=*")


class Redaction:
    """The secrets of a graph and those `known` besides it, with all their forms, for any number of messages."""

    def __init__(self, graph: Graph, known: Iterable[str] = ()) -> None:
        clear = _clear_words(graph)
        secrets = _worth_masking((*(text for _, text in _marked_in(graph)), *known), clear)
        everything = "\n".join(clear)
        # Part of a word that everybody may read, a secret is masked only where it stands by itself.
        self._alone = frozenset(one for one in secrets if len(one) < _SHORT or one in everything)
        # The longest first: one may be the beginning of another.
        self._forms = [
            (form, secret)
            for secret in sorted(secrets, key=len, reverse=True)
            for form in sorted(_forms(secret), key=len, reverse=True)
        ]
        self._within = frozenset(form for one in secrets for form in _within_base64(one))

    def __call__(self, text: str) -> str:
        """`text` with the mask in the place of every secret."""
        within = [form for form in self._within if form in text]
        if within:
            # With all that is around it: the ends of a text have shares in its neighbours' characters.
            text = _BASE64.sub(lambda run: MASK if any(form in run[0] for form in within) else run[0], text)
        for form, secret in self._forms:
            if form in text:
                literal = re.escape(form)
                pattern = rf"(?<![A-Za-z0-9]){literal}(?![A-Za-z0-9])" if secret in self._alone else literal
                text = re.sub(pattern, MASK, text)
        return text


def redact(text: str, graph: Graph, known: Iterable[str] = ()) -> str:
    """`text` with the mask in the place of every secret of the graph, and of the secrets `known` besides it.

    A graph that was recorded for a preview has placeholders for generated passwords; `known` are then the real ones.
    """
    return Redaction(graph, known)(text)


def _worth_masking(texts: Iterable[str], clear: frozenset[str]) -> frozenset[str]:
    whole = {text for text in texts if text not in clear}
    parts = {part for text in whole for part in _PASSWORD.findall(text)}
    parts |= {part for text in whole for part in _TOKEN.findall(text) if _looks_random(part)}
    stripped = {text.strip() for text in whole | (parts - clear)}
    return frozenset(text for text in stripped if len(text) >= _SHORTEST)


def _marked_in(graph: Graph) -> Iterator[tuple[str, str]]:
    return (found for resource in graph for found in _marked(resource.inputs))


def _marked(value: Any, key: str = "", *, secret: bool = False) -> Iterator[tuple[str, str]]:
    """The texts that are marked as secret, or are part of what is, with their keys."""
    if isinstance(value, Secret):
        yield from _marked(revealed(value), key, secret=True)
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _marked(item, str(name), secret=secret)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _marked(item, key, secret=secret)
    elif secret and isinstance(value, str):
        yield key, _decoded(value)


def _clear_words(graph: Graph) -> frozenset[str]:
    """What stands in the environment for everybody to read, whole texts and the words of them, and who has a login."""
    found: set[str] = {graph.stack, graph.environment}
    for resource in graph:
        found.update((resource.name, resource.type))
        _collect_clear(resource.inputs, found)
    _collect_clear(graph.outputs, found)
    names = {text for key, text in _marked_in(graph) if _NAMING_KEY.search(key) and _NAME.fullmatch(text)}
    return frozenset(found | names | {word for text in found for word in _WORD.findall(text)})


def _collect_clear(value: Any, found: set[str]) -> None:
    if isinstance(value, str):
        found.add(value)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            found.add(str(key))
            _collect_clear(item, found)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _collect_clear(item, found)


def _forms(secret: str) -> frozenset[str]:
    """The text as tools write it: in their quotes, in URLs, and in base64."""
    urls = {quote(secret), quote(secret, safe=""), quote_plus(secret)}
    urls |= {re.sub("%..", lambda code: code[0].lower(), one) for one in urls}
    # Twice: a message that is JSON quotes the object that it is about, which is JSON too.
    escaped = {form for once in _escaped(secret) for form in (once, *_escaped(once))}
    others = {repr(secret)[1:-1], secret.replace("'", "''"), secret.replace("'", "'\"'\"'")}
    bases = {coded(secret.encode()).decode() for coded in (base64.b64encode, base64.urlsafe_b64encode)}
    return frozenset({secret, *urls, *escaped, *others, *bases, *(one.rstrip("=") for one in bases)})


def _escaped(text: str) -> frozenset[str]:
    """A text within the quotes of JSON: in ASCII alone or not, and without markup, as Go writes it."""
    escaped = {json.dumps(text, ensure_ascii=ascii_alone)[1:-1] for ascii_alone in (True, False)}
    return frozenset(escaped | {re.sub("[<>&]", lambda one: f"\\u{ord(one[0]):04x}", form) for form in escaped})


def _within_base64(secret: str) -> Iterator[str]:
    """What of a text is in the base64 of any longer one with it, which may be JSON or have its base64.

    The text may begin at three places of a group of three bytes; groups that are its own stand there unchanged.
    """
    written = {secret, *_escaped(secret)}
    for text in written | {base64.b64encode(one.encode()).decode() for one in written}:
        plain = text.encode()
        for skipped in range(3):
            own = plain[skipped : skipped + (len(plain) - skipped) // 3 * 3]
            if len(own) >= _SHORT - 2:
                yield from (base64.b64encode(own).decode(), base64.urlsafe_b64encode(own).decode())


def _decoded(text: str) -> str:
    """What base64 stands for, as in a Secret's `data`; any other text as it is."""
    try:
        plain = base64.b64decode(text, validate=True).decode()
    except ValueError:
        return text
    return plain if all(one.isprintable() or one.isspace() for one in plain) else text


def _looks_random(part: str) -> bool:
    return any(one.isdigit() for one in part) or (part.lower() != part and part.upper() != part)
