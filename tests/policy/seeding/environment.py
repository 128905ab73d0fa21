"""Scratch environments to seed with violations: production, with MinIO in it, and what it does not have yet."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from graph.model import Graph, Resource, masked
from policy.engine.evaluation import evaluate
from policy.engine.subject import Subject
from tests.policy.objects import OPTIONS, Props, token_of
from tests.policy.seeding.extras import EXTRAS
from tests.unit.recordings import in_the_cluster, recorded, settings_of, with_systems
from tests.unit.scratch import graph_of

NAMESPACE = "astrbot"
Edit = Callable[[Graph], Graph]
# What is found: the rule and the object.
Found = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Seed:
    """One violation of a rule: how the environment is changed, and the object of which the rule then speaks.

    `implied` are findings of other rules that follow from the same change by necessity, each with the reason.
    """

    rule: str
    edit: Edit
    object: str
    implied: Mapping[Found, str] = field(default_factory=dict)

    @property
    def findings(self) -> frozenset[Found]:
        """All that has to be found, and nothing else."""
        return frozenset({(self.rule, self.object), *self.implied})


@cache
def production() -> Graph:
    """Production, the objects of EXTRAS in its namespace, and what AWS would run below it."""
    document = with_systems("prod", *settings_of("prod")["systems"])
    return _with_extras(graph_of("prod", in_the_cluster(document)))


@cache
def environment() -> Graph:
    """The same with AstrBot alone and little monitoring: all that is seeded is there, and to judge it takes a fourth
    of the time."""
    document = with_systems("prod", telemetry=False, monitoring="basic", astrbot={"tenants": []})
    return _with_extras(graph_of("prod", in_the_cluster(document)))


def _with_extras(graph: Graph) -> Graph:
    return replace(graph, resources=(*graph.resources, *(_resource(props, name) for name, props in EXTRAS.items())))


def of_production() -> list[Props]:
    """One object of each kind that production has, its secrets masked."""
    by_type = {one.type: masked(one.inputs) for one in recorded("prod") if one.is_kubernetes_object}
    return list(by_type.values())


def found(graph: Graph) -> frozenset[Found]:
    """What the pack finds."""
    return frozenset((one.rule, one.object) for one in evaluate(graph))


def put(label: str, path: str, value: Any) -> Edit:
    """Set the value at a dotted path of an object; what is missing on the way is made."""
    return lambda graph: _edited(graph, label, lambda props: _put(props, path, value))


def append(label: str, path: str, value: Any) -> Edit:
    """Add a value to the list at a dotted path of an object."""

    def edit(props: Props) -> None:
        parent, key = _parent(props, path)
        parent[key] = [*(parent.get(key) or []), value]

    return lambda graph: _edited(graph, label, edit)


def drop(label: str, path: str) -> Edit:
    """Remove what lies at a dotted path of an object."""

    def edit(props: Props) -> None:
        parent, key = _parent(props, path)
        del parent[key]

    return lambda graph: _edited(graph, label, edit)


def remove(*labels: str) -> Edit:
    """Take objects out of the environment."""

    def edit(graph: Graph) -> Graph:
        gone = {_urn(graph, label) for label in labels}
        return replace(graph, resources=tuple(one for one in graph if one.urn not in gone))

    return edit


def add(props: Props, name: str = "seeded") -> Edit:
    """Put one more object into the environment."""
    return lambda graph: replace(graph, resources=(*graph.resources, _resource(props, name)))


def copied(label: str, name: str) -> Edit:
    """Put an object of the unchanged environment into it once more, under another name."""

    def edit(graph: Graph) -> Graph:
        original = environment().by_urn[_urn(environment(), label)]
        inputs = copy.deepcopy(dict(original.inputs))
        inputs["metadata"]["name"] = name
        other = replace(original, urn=f"{original.urn}-{name}", name=name, inputs=inputs)
        return replace(graph, resources=(*graph.resources, other))

    return edit


def unprotected(label: str) -> Edit:
    """The same object, which an update may delete and which goes with the stack."""

    def edit(graph: Graph) -> Graph:
        urn = _urn(graph, label)
        return replace(graph, resources=tuple(replace(one, options={}) if one.urn == urn else one for one in graph))

    return edit


def retyped(label: str, token: str) -> Edit:
    """The same object in another version of its API."""

    def edit(graph: Graph) -> Graph:
        urn = _urn(graph, label)
        resources = (replace(one, type=token) if one.urn == urn else one for one in graph)
        return replace(graph, resources=tuple(resources))

    return edit


def _resource(props: Props, name: str) -> Resource:
    token = props["kind"] if props["kind"].startswith("aws:") else token_of(props)
    dependencies = tuple(f"urn:{token}:{one}" for token, one in props.get("dependsOn", ()))
    inputs = {key: value for key, value in props.items() if key not in ("dependsOn", OPTIONS)}
    return Resource(
        urn=f"urn:{token}:{name}",
        type=token,
        name=name,
        parent=None,
        custom=True,
        inputs=inputs,
        dependencies=dependencies,
        options=props.get(OPTIONS, {}),
    )


def _edited(graph: Graph, label: str, edit: Callable[[Props], Any]) -> Graph:
    urn = _urn(graph, label)
    return replace(graph, resources=tuple(_changed(one, edit) if one.urn == urn else one for one in graph))


def _changed(resource: Resource, edit: Callable[[Props], Any]) -> Resource:
    inputs = copy.deepcopy(dict(resource.inputs))
    edit(inputs)
    return replace(resource, inputs=inputs)


def _urn(graph: Graph, label: str) -> str:
    return next(one.urn for one in graph if _label(one) == label)


def _label(resource: Resource) -> str:
    return Subject(urn=resource.urn, type=resource.type, name=resource.name, props=resource.inputs).label


def _put(props: Props, path: str, value: Any) -> None:
    parent, key = _parent(props, path)
    parent[key] = value


def _parent(props: Props, path: str) -> tuple[Any, Any]:
    """What holds the last key of a path. A number is an index; `~` stands for a dot of a key."""
    keys: list[Any] = [int(key) if key.isdigit() else key.replace("~", ".") for key in path.split(".")]
    parent: Any = props
    for key in keys[:-1]:
        parent = parent[key] if isinstance(parent, list) else parent.setdefault(key, {})
    return parent, keys[-1]
