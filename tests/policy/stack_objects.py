"""Objects for rules across a stack, and what all tests of such rules ask."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pulumi_policy.proxy import UnknownValueError

from policy.engine.model import Rule
from policy.engine.settings import Exemption
from tests.policy.objects import LABELS, OPTIONS, TODAY, Props, judge

NAME = {"app.kubernetes.io/name": "api"}


def made(kind: str, name: str = "api", spec: Any = None, namespace: str | None = "shop", **more: Any) -> Props:
    """An object with the labels of the rest; `more` are fields beside metadata and spec."""
    metadata: Props = {"name": name, "labels": dict(LABELS)}
    if namespace is not None:
        metadata["namespace"] = namespace
    return {"kind": kind, "metadata": metadata, **({} if spec is None else {"spec": spec}), **more}


def protected(props: Props) -> Props:
    """The object, whose resource is protected."""
    return {**props, OPTIONS: {"protect": True}}


def service(name: str = "api", **spec: Any) -> Props:
    return made("Service", name, {"selector": dict(NAME), "ports": [{"port": 80}], **spec})


def autoscaler(name: str = "api", target: str = "api", kind: str = "HorizontalPodAutoscaler", **spec: Any) -> Props:
    field = "targetRef" if kind == "VerticalPodAutoscaler" else "scaleTargetRef"
    return made(kind, name, {field: {"apiVersion": "apps/v1", "kind": "Deployment", "name": target}, **spec})


def assert_exempt(rule: Rule, label: str, *objects: Props) -> None:
    """That the objects have violations, all of the one with this label, and none while that is exempt."""
    row = Exemption(rule=rule.about.name, object=label, reason="r", expires=TODAY + timedelta(days=1))
    assert judge(rule, *objects)
    assert judge(rule, *objects, exemptions=[row]) == []


def assert_undecided(rule: Rule, *objects: Props) -> None:
    """That the rule says of these objects nothing but that it cannot know."""
    found: list[str] = []
    with pytest.raises(UnknownValueError):
        judge(rule, *objects, found=found)
    assert found == []
