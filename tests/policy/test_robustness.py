"""No object, however broken, may crash a rule: a crash ends the engine's preview and says nothing about the object."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi_policy import proxy

from policy.engine.model import ResourceRule, Rule, Violation
from policy.engine.subject import Stack, Subject
from policy.facts.values import UNKNOWN
from policy.rules import RULES
from tests.policy.objects import WORKLOAD_KINDS, Props, shop, token_of, workload
from tests.policy.seeding.environment import of_production
from tests.policy.seeding.extras import EXTRAS
from tests.policy.tables import complying


def nested(depth: int, lists: bool) -> Any:
    """A value this deep."""
    value: Any = "x"
    for _ in range(depth):
        value = [value] if lists else {"spec": value}
    return value


_CANARY = "canary-that-nobody-may-see"
_CONFIGS = {rule.about.name: rule.config() for rule in RULES}
_UNKNOWN = st.sampled_from(UNKNOWN)
# The engine's protocol ends at a depth of 100.
_DEEP = st.builds(nested, st.integers(1, 90), st.booleans())
# They look at all objects, whatever their type.
_OVER_ALL_OBJECTS = ("single-owner", "secrets-stay-secret")
_SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), _UNKNOWN)
_JUNK = _DEEP | st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2)
)


@cache
def _objects() -> list[list[Props]]:
    """Small stacks, and one of each kind of production and of what production lacks: together, and each alone.

    Alone, so that little stands between a rule and the fault.
    """
    kinds = [*of_production(), *EXTRAS.values()]
    workloads = ([workload(kind)] for kind in WORKLOAD_KINDS)
    return [shop(), *workloads, *complying(), *([one] for one in kinds), kinds]


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) in a value, at any depth."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    return [(value, key) for key in keys] + [place for key in keys for place in _places(value[key])]


@st.composite
def _broken(draw: st.DrawFn) -> list[Props]:
    """A few valid objects of which up to three places have been deleted or replaced."""
    objects: list[Props] = copy.deepcopy(draw(st.sampled_from(_objects())))
    for _ in range(draw(st.integers(1, 3))):
        # An object's kind and version are its type in the engine, and that is always there.
        places = [(parent, key) for one in objects for parent, key in _places(one) if key not in ("kind", "apiVersion")]
        if not places:
            break
        # By its number: a strategy of the places themselves would look at each of them.
        parent, key = places[draw(st.integers(0, len(places) - 1))]
        if draw(st.booleans()):
            del parent[key]
        else:
            parent[key] = draw(_JUNK)
    return objects


def _stack(objects: list[Props]) -> Stack:
    """The objects behind the engine's proxies."""
    return Stack(tuple(map(_subject, objects)))


def _subject(props: Props) -> Subject:
    # Protected but for what holds it, so that the rule on that has something to say.
    kept = props["kind"] != "Namespace"
    return Subject(urn="", type=token_of(props), name="r", props=proxy.unknown_checking_proxy(props), protect=kept)


def _messages(rule: Rule, stack: Stack) -> list[str]:
    """What a rule finds; what it cannot know yet ends the search."""
    config: Any = _CONFIGS[rule.about.name]
    if not isinstance(rule, ResourceRule):
        return _told(partial(rule.check, stack, config), stack.root)
    return [message for one in rule.subjects(stack) for message in _told(partial(rule.check, one, config), one)]


def _told(check: Callable[[], Iterable[Violation]], subject: Subject) -> list[str]:
    found: list[str] = []
    with contextlib.suppress(proxy.UnknownValueError):
        found.extend(one.message(one.subject or subject) for one in check())
    return found


def test_every_rule_has_something_to_judge_among_the_objects() -> None:
    # Else nothing that is broken would ever reach it.
    everything = _stack([one for objects in _objects() for one in objects])
    idle = {rule.about.name for rule in RULES if isinstance(rule, ResourceRule) and not any(rule.subjects(everything))}
    assert not idle
    for rule in (rule for rule in RULES if not isinstance(rule, ResourceRule)):
        asked: set[str] = set()
        stack = _Asked(everything.subjects, asked)
        _messages(rule, stack)
        assert asked & everything.by_object_type.keys() or rule.about.name in _OVER_ALL_OBJECTS, rule.about.name


class _Asked(Stack):
    """A stack that notes which types a rule asks for."""

    def __init__(self, subjects: tuple[Subject, ...], asked: set[str]) -> None:
        super().__init__(subjects)
        object.__setattr__(self, "asked", asked)

    def of_type(self, *object_types: str) -> Iterator[Subject]:
        self.asked.update(object_types)  # type: ignore[attr-defined]
        return super().of_type(*object_types)


@given(objects=_broken())
@settings(max_examples=1000, deadline=None, database=None, derandomize=True)
def test_whatever_an_object_looks_like_a_rule_finds_something_or_nothing(objects: list[Props]) -> None:
    stack = _stack(objects)
    assert all(isinstance(message, str) for rule in RULES for message in _messages(rule, stack))


def _with_canary(value: Any) -> Any:
    """The value with its confidential places filled: environment and commands."""
    if isinstance(value, dict):
        seeded = {key: _with_canary(item) for key, item in value.items()}
        if "image" in value:
            seeded |= {"env": [{"name": "PASSWORD", "value": _CANARY}], "command": [_CANARY], "args": [_CANARY]}
            probe = {"exec": {"command": [_CANARY]}}
            seeded |= {"livenessProbe": probe, "readinessProbe": probe, "resources": {}}
        return seeded
    return [_with_canary(item) for item in value] if isinstance(value, list) else value


@cache
def _with_canaries() -> list[Stack]:
    return [_stack(_with_canary(objects)) for objects in _objects()]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.about.name)
def test_no_message_quotes_the_environment_or_a_command(rule: Rule) -> None:
    for stack in _with_canaries():
        assert not [message for message in _messages(rule, stack) if _CANARY in message]
