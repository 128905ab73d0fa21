"""The cluster's version of Kubernetes, against what the environment's objects use of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from graph.model import Graph
from ops.live.lookup import key_of, title_of
from ops.preflight.api import Api, Request
from ops.preflight.finding import Found, several

_AFFINITIES = ("podAffinity", "podAntiAffinity")


def check(server: Api, graph: Graph) -> Found:
    """The most that anything wants, if the cluster is older."""
    (answer,) = server.ask([Request("/version")])
    numbers = re.match(r"v(\d+)\.(\d+)", str((answer.body or {}).get("gitVersion", ""))) if answer.ok else None
    if numbers is None:
        return Found(unknown=("its version of Kubernetes",))
    return Found(tuple(problems((int(numbers[1]), int(numbers[2])), graph)))


def problems(present: tuple[int, int], graph: Graph) -> Iterator[str]:
    """What a cluster of that version (major, minor) lacks."""
    by_need: dict[tuple[tuple[int, int], str], list[str]] = {}
    for body in graph.objects:
        for need in _needs(body):
            by_need.setdefault(need, []).append(title_of(key_of(body)))
    for (version, what), users in sorted(by_need.items()):
        if present < version:
            has, wants = (".".join(map(str, one)) for one in (present, version))
            yield f"the cluster is Kubernetes {has}; {what} ({several(users)}) needs {wants} or newer: upgrade it"


def _needs(body: Mapping[str, Any]) -> Iterator[tuple[tuple[int, int], str]]:
    if body["apiVersion"] == "admissionregistration.k8s.io/v1" and body["kind"].startswith("ValidatingAdmissionPolicy"):
        yield (1, 30), "ValidatingAdmissionPolicy"
    if any(_has(affinity, "matchLabelKeys") for affinity in _all(body, *_AFFINITIES)):
        yield (1, 31), "matchLabelKeys of an affinity"


def _all(value: Any, *keys: str) -> Iterator[Any]:
    """Whatever lies below one of the keys."""
    for key, item in value.items() if isinstance(value, Mapping) else ():
        if key in keys:
            yield item
        yield from _all(item, *keys)
    for item in value if isinstance(value, (list, tuple)) else ():
        yield from _all(item, *keys)


def _has(value: Any, key: str) -> bool:
    return next(_all(value, key), None) is not None
