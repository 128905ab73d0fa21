"""What is tested of every rule, from tables: a test module of a rule says only what is its own.

class TestPrivileged(RuleTests):
    rule = privileged
    compliant = {"a workload": workload()}
    violations = {"a privileged container": (having(workload(), …), "Deployment shop/api, container web: …")}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar

import pulumi_policy as crossguard
import pytest
from pulumi_policy.proxy import UnknownValueError
from pulumi_policy.secret import secrets_preserving_proxy

from policy.engine.model import ResourceRule, Rule
from policy.engine.pack import policies
from policy.engine.settings import Exemption
from policy.engine.subject import ANY_OBJECT
from policy.facts.values import editable
from tests.policy.objects import (
    LABELS,
    TODAY,
    Props,
    having,
    judge,
    objecting,
    resource_arguments,
    template_path,
    token_of,
    workload,
)

Violating = tuple[Any, ...]
_POD = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
_CONTAINER = {"securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}}
# What custom resources state of the pods that their operator makes.
_ACCOUNT = {"serviceAccountName": "api"}
_REDIS = {"podSecurityContext": _POD, "initContainer": {"enabled": False, **_CONTAINER}, **_ACCOUNT}
_OPERATED: Mapping[str, Props] = {
    "Alertmanager": {"securityContext": _POD, **_ACCOUNT},
    "Prometheus": {"securityContext": _POD, **_ACCOUNT},
    "Redis": {**_REDIS, **_CONTAINER},
    "RedisCluster": {**_REDIS, "redisLeader": _CONTAINER, "redisFollower": _CONTAINER},
    "Cluster": {},
}
# A container of every role, where it stands in a pod spec, and what messages call it.
ROLES = {
    "container": ("containers.0", "container web"),
    "init container": ("initContainers.0", "init container migrate"),
    "ephemeral container": ("ephemeralContainers.0", "ephemeral container debug"),
}


def in_container(role: str, path: str, value: Any, kind: str = "Deployment") -> Props:
    """A workload in which a container of this role has a value at a path."""
    debug = having(workload(kind), f"{template_path(kind)}spec.ephemeralContainers", [_debugger()])
    return having(debug, f"{template_path(kind)}spec.{ROLES[role][0]}.{path}", value)


def in_every_role(path: str, value: Any, message: str) -> dict[str, Violating]:
    """A violation by a container of each role; the message is what follows the container's name."""
    return {
        f"{role}: {path} is {value!r}": (in_container(role, path, value), f"Deployment shop/api, {label}: {message}")
        for role, (_, label) in ROLES.items()
    }


def kubernetes_object(api_version: str, kind: str, **fields: Any) -> Props:
    """A complying object of any kind: `shop/api`, with all labels."""
    metadata = {"name": "api", "namespace": "shop", "labels": dict(LABELS), **fields.pop("metadata", {})}
    if kind in _OPERATED and isinstance(fields.get("spec"), dict):
        fields["spec"] = {"priorityClassName": "standard", **_OPERATED[kind], **fields["spec"]}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}


def _debugger() -> Props:
    container = workload()["spec"]["template"]["spec"]["initContainers"][0]
    return {key: value for key, value in container.items() if key != "resources"} | {"name": "debug"}


@dataclass(frozen=True, kw_only=True)
class Table:
    """What a rule makes of which objects, each by what is special about it.

    `violations` are (object, …, message, …); `unknown` are objects that cannot be judged yet; `repairs` are (broken,
    repaired) where the rule has a remedy; `also` names the rules that object to the same violations.
    """

    rule: Rule
    compliant: Mapping[str, Any]
    violations: Mapping[str, Violating]
    unknown: Mapping[str, Props]
    repairs: Mapping[str, tuple[Props, Props]] = field(default_factory=dict)
    also: frozenset[str] = frozenset()


class RuleTests:
    """The tests of one rule on its table."""

    table: ClassVar[Table]

    def test_what_complies_has_no_violation(self, compliant: Any) -> None:
        assert judge(self.table.rule, *(compliant if isinstance(compliant, list) else [compliant])) == []

    def test_each_violation_is_named(self, violation: Violating) -> None:
        objects, messages = _split(violation)
        assert messages
        assert judge(self.table.rule, *objects) == messages

    def test_an_exempt_object_has_no_violation(self, violation: Violating) -> None:
        objects, messages = _split(violation)
        rule, tomorrow = self.table.rule, TODAY + timedelta(days=1)
        named = sorted({re.split(r"[,:]", message)[0] for message in messages})
        rows = [Exemption(rule=rule.about.name, object=one, reason="r", expires=tomorrow) for one in named]
        assert judge(rule, *objects, exemptions=rows) == []

    def test_no_other_rule_objects_to_the_same(self, violation: Violating) -> None:
        # So that one fault is told once, and an exemption from one theme lets off that theme alone.
        objects, _ = _split(violation)
        assert objecting(*objects) - {self.table.rule.about.name} <= self.table.also

    def test_another_type_is_none_of_its_business(self) -> None:
        rule, first = self.table.rule, next(iter(self.table.violations.values()))[0]
        if isinstance(rule, ResourceRule):
            anything = ANY_OBJECT in rule.applies_to
            token = "aws:s3/bucket:Bucket" if anything else "kubernetes:example.com/v1:Other"
            assert judge(rule, first, token=token) == []

    def test_what_cannot_be_known_reaches_the_engine_as_unknown(self, unknown: Props) -> None:
        with pytest.raises(UnknownValueError):
            judge(self.table.rule, unknown)

    def test_a_repair_makes_the_object_comply_and_touches_nothing_else(self) -> None:
        rule = self.table.rule
        assert bool(self.table.repairs) == bool(isinstance(rule, ResourceRule) and rule.remedy)
        for broken, expected in self.table.repairs.values():
            assert judge(rule, broken)
            assert repaired(rule, broken) == expected
            assert judge(rule, expected) == []
            assert repaired(rule, expected) is None


def repaired(rule: Rule, props: Props) -> Any:
    """What the engine would make of an object, or None if it stays as it is."""
    policy = policies("prod", rules=[rule], today=TODAY)[0]
    assert isinstance(policy, crossguard.ResourceValidationPolicy)
    result: Any = policy.remediate(resource_arguments(secrets_preserving_proxy(props), token_of(props)))
    return None if result is None else editable(result)


def _split(violation: Violating) -> tuple[list[Props], list[str]]:
    return [one for one in violation if isinstance(one, dict)], [one for one in violation if isinstance(one, str)]
