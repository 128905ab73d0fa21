"""Rules that repair: how a remedy becomes a CrossGuard remediation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pulumi_policy as crossguard
import pytest
from pulumi_policy.secret import Secret, secrets_preserving_proxy

from graph.model import MASK
from policy.evaluation import evaluate
from policy.exemptions import Exemption
from policy.model import About, Level, ResourceRule, RuleConfig, Severity, Violation, resource_rule
from policy.pack import policies
from policy.rules import RULES
from policy.subject import Subject
from policy.values import at, mapping
from tests.policy.objects import TODAY, TOKENS, Props, having, resource_arguments, shop, workload
from tests.policy.test_evaluation import graph_of


class _Config(RuleConfig):
    team: str = "platform"


def _labelled(subject: Subject, config: _Config) -> Mapping[str, Any] | None:
    if at(subject.props, "metadata", "labels", "team"):
        return None
    metadata = mapping(subject.props["metadata"])
    labels = {**mapping(metadata.get("labels")), "team": config.team}
    return {**subject.props, "metadata": {**metadata, "labels": labels}}


@resource_rule(
    About(
        name="team-label",
        title="Team",
        description="Every Deployment says whose it is.",
        severity=Severity.LOW,
        level=Level.REMEDIATE,
        remediation=("Add the label team.",),
    ),
    applies_to={"apps/Deployment"},
    config=_Config,
    remedy=_labelled,
)
def _team_label(subject: Subject, config: _Config) -> Iterator[Violation]:
    if not at(subject.props, "metadata", "labels", "team"):
        yield Violation(field="metadata.labels.team", problem="is missing", fix="add it")


def _remediated(rule: ResourceRule[Any], props: Props, kind: str, *exemptions: Exemption) -> Mapping[str, Any] | None:
    """What the engine would make of an object; secrets are marked, as it hands them to a remediation."""
    policy = policies("prod", rules=[rule], exemptions=exemptions, today=TODAY)[0]
    assert isinstance(policy, crossguard.ResourceValidationPolicy)
    result: Any = policy.remediate(resource_arguments(secrets_preserving_proxy(props), TOKENS[kind]))
    return result


def test_a_remedy_repairs_the_object_and_leaves_all_else_as_it_was() -> None:
    repaired = _remediated(_team_label, workload(), "Deployment")
    assert repaired is not None
    assert at(repaired, "metadata", "labels", "team") == "platform"
    assert at(repaired, "metadata", "name") == "api"


def test_what_is_right_already_is_not_touched() -> None:
    assert _remediated(_team_label, having(workload(), "metadata.labels.team", "web"), "Deployment") is None


def test_other_types_are_not_touched() -> None:
    assert _remediated(_team_label, workload("Job"), "Job") is None


def test_an_exempt_object_is_not_rewritten() -> None:
    row = Exemption(rule="team-label", object="Deployment shop/api", reason="r", expires=TODAY + timedelta(days=1))
    assert _remediated(_team_label, workload(), "Deployment", row) is None


def test_a_remedy_keeps_secrets_marked() -> None:
    repaired = _remediated(_team_label, {**workload(), "token": Secret("hunter2")}, "Deployment")
    assert repaired is not None
    assert repaired["token"] == "hunter2" != MASK


def test_what_only_pulumi_repairs_stops_the_recorded_engine() -> None:
    (finding,) = evaluate(graph_of(*shop()), rules=[_team_label])
    assert (finding.level, finding.blocks) == (Level.REMEDIATE, True)


@pytest.mark.parametrize("rule", [rule for rule in (*RULES, _team_label) if isinstance(rule, ResourceRule)])
def test_repairing_twice_is_repairing_once(rule: ResourceRule[Any]) -> None:
    once = rule.remedy and _remediated(rule, workload(), "Deployment")
    assert not once or _remediated(rule, dict(once), "Deployment") is None
