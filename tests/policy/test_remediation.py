"""Rules that repair: how a remedy becomes a CrossGuard remediation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pulumi_policy as crossguard
import pytest
from pulumi_policy.proxy import UNKNOWN_NUMBER_VALUE
from pulumi_policy.secret import Secret, secrets_preserving_proxy

from policy.engine.evaluation import evaluate
from policy.engine.model import About, Level, ResourceRule, RuleConfig, Severity, Violation, resource_rule
from policy.engine.pack import policies
from policy.engine.settings import Exemption
from policy.engine.subject import Subject
from policy.facts.values import at, editable, within
from policy.rules import RULES
from tests.policy.objects import TODAY, TOKENS, Props, having, resource_arguments, shop, workload
from tests.policy.test_evaluation import graph_of


class _Config(RuleConfig):
    team: str = "platform"


def _labelled(subject: Subject, config: _Config) -> None:
    within(subject.props, "metadata", "labels").setdefault("team", config.team)


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
    assert result is None or isinstance(result, Mapping)
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


def test_a_remedy_keeps_secrets_marked_and_unknown_values_unknown() -> None:
    # Secret or not is decided leaf by leaf: the neighbour of an edited label as well as an entry of a list.
    changed = having(workload(), "metadata.labels.token", Secret("hunter2"))
    changed = having(changed, "spec.template.spec.containers.0.env.0.value", Secret("hunter3"))
    changed = having(changed, "spec.replicas", UNKNOWN_NUMBER_VALUE)
    repaired = _remediated(_team_label, changed, "Deployment")
    assert repaired is not None
    labels = repaired["metadata"]["labels"]
    assert (labels["team"], labels["token"].value) == ("platform", "hunter2")
    (entry,) = repaired["spec"]["template"]["spec"]["containers"][0]["env"]
    assert isinstance(entry["value"], Secret)
    assert repaired["spec"]["replicas"] == UNKNOWN_NUMBER_VALUE


def test_a_remedy_does_not_overwrite_what_is_secret_as_a_whole() -> None:
    assert _remediated(_team_label, having(workload(), "metadata", Secret({"name": "api"})), "Deployment") is None


def test_what_only_pulumi_repairs_stops_the_recorded_engine() -> None:
    (finding,) = evaluate(graph_of(*shop()), rules=[_team_label])
    assert (finding.level, finding.blocks) == (Level.REMEDIATE, True)


@pytest.mark.parametrize("rule", [rule for rule in (*RULES, _team_label) if isinstance(rule, ResourceRule)])
def test_repairing_twice_is_repairing_once(rule: ResourceRule[Any]) -> None:
    once = rule.remedy and _remediated(rule, workload(), "Deployment")
    assert not once or _remediated(rule, editable(once), "Deployment") is None
