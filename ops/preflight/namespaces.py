"""Namespaces that the environment uses and does not make."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from components.platform.operators.table import OPERATORS
from graph.helm_releases import releases
from graph.model import Graph
from ops.live.lookup import key_of, title_of
from ops.preflight.api import Api, Request
from ops.preflight.finding import Found, install, several

# The label that every namespace has from the API server: what network policies and admission go by.
_NAME_LABEL = "kubernetes.io/metadata.name"
# Kinds whose objects name a namespace at these keys; of others the keys mean something else, or another cluster.
_KEYS: Mapping[str, tuple[str, ...]] = {
    "NetworkPolicy": (_NAME_LABEL,),
    "ServiceMonitor": ("matchNames",),
    "PodMonitor": ("matchNames",),
    "RoleBinding": ("namespace",),
    "ClusterRoleBinding": ("namespace",),
    "HTTPRoute": ("namespace",),
    "AuthorizationPolicy": ("namespaces", "principals"),
    "ClusterSecretStore": ("namespace", "remoteNamespace"),
    "SecretStore": ("namespace", "remoteNamespace"),
}
_PRINCIPAL = re.compile(r"[^/]*/ns/(?P<namespace>[^/]+)/sa/.*")


def check(server: Api, graph: Graph) -> Found:
    """Those that are not there."""
    placed, named = uses(graph)
    names = sorted(placed.keys() | named.keys())
    answers = server.ask([Request(f"/api/v1/namespaces/{name}") for name in names])
    missing = [name for name, answer in zip(names, answers, strict=True) if answer.missing]
    unknown = [name for name, answer in zip(names, answers, strict=True) if not answer.ok and not answer.missing]
    return Found(
        tuple(_problem(graph, name, placed.get(name), named.get(name, [])) for name in missing),
        (f"the namespaces {', '.join(unknown)}",) if unknown else (),
    )


def uses(graph: Graph) -> tuple[dict[str, set[str]], dict[str, list[str]]]:
    """By namespace the kinds that are put into it, and the titles of the objects elsewhere that name it."""
    own = {body["metadata"]["name"] for body in graph.objects if body["kind"] == "Namespace"}
    # Helm makes the namespace of a release.
    own |= {one.namespace for one in releases(graph)}
    placed: dict[str, set[str]] = defaultdict(set)
    named: dict[str, list[str]] = defaultdict(list)
    for body in graph.objects:
        home = body["metadata"].get("namespace")
        if home and home not in own:
            placed[home].add(body["kind"])
        for name in set(_named(body)) - own - {home}:
            named[name].append(title_of(key_of(body)))
    return placed, named


def _named(body: Mapping[str, Any]) -> Iterator[str]:
    keys = _KEYS.get(body["kind"], ())
    content = {key: value for key, value in body.items() if key != "metadata"} if keys else {}
    for text in _texts(content, keys):
        principal = _PRINCIPAL.fullmatch(text)
        yield principal["namespace"] if principal else text


def _texts(value: Any, keys: tuple[str, ...]) -> Iterator[str]:
    """The texts at these keys, and those of a list there."""
    for key, item in value.items() if isinstance(value, Mapping) else ():
        if key in keys:
            yield from (one for one in (item if isinstance(item, (list, tuple)) else [item]) if isinstance(one, str))
        yield from _texts(item, keys)
    for item in value if isinstance(value, (list, tuple)) else ():
        yield from _texts(item, keys)


def _problem(graph: Graph, name: str, kinds: set[str] | None, users: list[str]) -> str:
    why = f"{', '.join(sorted(kinds))} are put into it" if kinds else f"named by {several(users)}"
    operators = [one.name for one in OPERATORS.values() if one.namespace == name]
    needed = [one for one in operators if OPERATORS[one].needed] or operators
    # Of several in one namespace any makes it; which of them are wanted, the missing kinds tell.
    todo = f"{install(graph, *needed)}, or " if len(needed) == 1 else ""
    return f"the namespace {name} does not exist ({why}): {todo}make it with `kubectl create namespace {name}`"
